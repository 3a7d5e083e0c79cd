"""What one connection can send without end, each a few bytes again and again."""

import json
from collections.abc import Mapping

from attrs import frozen

from tests.clients import ORDER

BYTES = 24 << 20
PIECE_BYTES = 64 << 10
CONT, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


@frozen
class Flood:
    """What is sent: `first` once, then `again` up to BYTES in all; `reads` says whether the answers are read."""

    first: bytes
    again: bytes
    reads: bool = False

    def pieces(self) -> list[bytes]:
        """Return what is sent, first and again, the latter in one large piece."""
        return [self.first, self.again * max(1, PIECE_BYTES // len(self.again))]


def frame(opcode: int, data: bytes = b"", *, last: bool = True, mask: bytes = bytes(4)) -> bytes:
    """Return a client's frame of at most 125 bytes, masked."""
    masked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(data))
    return bytes([last << 7 | opcode, 0x80 | len(data)]) + mask + masked


def head(request_line: str, *lines: str) -> bytes:
    """Return a request's head, with a Host."""
    return "\r\n".join([f"{request_line} HTTP/1.1", "Host: localhost", *lines, "", ""]).encode()


HANDSHAKE = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13")
KEY = "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="
JSON = "Content-Type: application/json"
CHUNKED = "Transfer-Encoding: chunked"
EXECUTE = "POST /api/orders/execute"
LENGTH = f"Content-Length: {BYTES * 2}"
GET = head("GET /health/live", "X-Pad: " + "a" * 8)
ORDER_BODY = json.dumps(ORDER).encode()
ORDER_CHUNK = b"%x\r\n%s\r\n" % (len(ORDER_BODY), ORDER_BODY)


def socket_on(path: str) -> bytes:
    """Return a handshake."""
    return head(f"GET {path}", *HANDSHAKE, KEY)


LONG = 60_000  # a head that is taken


def many(text: str) -> str:
    """Repeat a text until a head is nearly too long."""
    return text * (LONG // len(text))


HTTP_FLOODS: Mapping[str, Flood] = {
    "GETs": Flood(b"", GET),
    "GETs, read": Flood(b"", GET, reads=True),
    "unknown paths": Flood(b"", head("GET /nope")),
    "HEADs": Flood(b"", head("HEAD /docs")),
    "large answers": Flood(b"", head("GET /openapi.json")),
    "large pages": Flood(b"", head("GET /api/orders?limit=200")),
    "refused POSTs": Flood(b"", head(EXECUTE, JSON, "Content-Length: 2") + b"{}"),
    "POSTs with Expect": Flood(b"", head(EXECUTE, JSON, "Expect: 100-continue", "Content-Length: 2") + b"{}"),
    "bodies of GETs": Flood(b"", head("GET /health/live", "Content-Length: 16384") + b" " * 16384),
    "handshakes behind GETs": Flood(b"", GET * 3 + socket_on("/ws/orders")),
    "offers": Flood(b"", head("GET /health/live", "Connection: Upgrade", "Upgrade: h2c")),
    "large pages, read": Flood(b"", head("GET /api/orders?limit=200"), reads=True),
    "heads of many headers": Flood(b"", head("GET /health/live", *["a:b"] * (LONG // 6)), reads=True),
    "heads of many lists": Flood(b"", head("GET /health/live", "Connection: " + many("a,")), reads=True),
    "long queries": Flood(b"", head(f"GET /api/orders?{many('a=1&')}"), reads=True),
    "long queries, escaped": Flood(b"", head(f"GET /api/orders?userId={many('%61')}"), reads=True),
    "many statuses": Flood(b"", head(f"GET /api/orders?status={many('failed,')}"), reads=True),
    "long paths": Flood(b"", head(f"GET /{many('a/')}"), reads=True),
    "long Accepts": Flood(b"", head("GET /api/executions", f"Accept: {many('a/b;q=0.1,')}"), reads=True),
    "long Accepts of the console": Flood(b"", head("GET /", f"Accept: {many('*/*;q=0.1,')}"), reads=True),
    "long ETags": Flood(b"", head("GET /", f"If-None-Match: {many(chr(34) + 'a' + chr(34) + ',')}"), reads=True),
    "long cookies": Flood(b"", head("GET /", f"Cookie: {many('a=b; ')}"), reads=True),
    "long types": Flood(
        b"", head(EXECUTE, f"Content-Type: application/json;{many('a=b;')}", "Content-Length: 0"), reads=True
    ),
    "long keys": Flood(b"", head(EXECUTE, JSON, f"Idempotency-Key: {many('a')}", "Content-Length: 0"), reads=True),
    "long origins": Flood(b"", head(EXECUTE, JSON, f"Origin: http://{many('a')}", "Content-Length: 0"), reads=True),
    "long forwarding": Flood(b"", head("GET /health/live", f"X-Forwarded-For: {many('1.1.1.1,')}"), reads=True),
    "long credentials": Flood(b"", head("GET /api/orders", f"Authorization: Bearer {many('a')}"), reads=True),
    "long offers": Flood(b"", head("GET /health/live", "Connection: Upgrade", f"Upgrade: {many('h2c,')}"), reads=True),
    "deep bodies": Flood(b"", head(EXECUTE, JSON, "Content-Length: 16384") + b"[" * 16384, reads=True),
    "bodies of many keys": Flood(
        b"", head(EXECUTE, JSON, "Content-Length: 16380") + b"{" + b'"":1,' * 3275 + b'"":1', reads=True
    ),
    "bodies of escapes": Flood(
        b"", head(EXECUTE, JSON, "Content-Length: 16384") + b'{"userId":"' + b"\\u0301" * 2728 + b'aaa"}', reads=True
    ),
    "blank lines": Flood(b"", b"\r\n"),
    "a request line": Flood(b"GET /", b"a"),
    "a method": Flood(b"", b"GET"),
    "a long header": Flood(head("GET /health/live")[:-2] + b"X-A: ", b"a"),
    "many headers": Flood(head("GET /health/live")[:-2], b"a:b\r\n"),
    "trailers": Flood(head(EXECUTE, JSON, CHUNKED) + ORDER_CHUNK + b"0\r\n", b"a:b\r\n"),
    "a long trailer": Flood(head(EXECUTE, JSON, CHUNKED) + ORDER_CHUNK + b"0\r\nX-A: ", b"a"),
    "trailers of a GET": Flood(head("GET /health/live", CHUNKED) + b"0\r\n", b"a:b\r\n"),
    "tiny chunks": Flood(head(EXECUTE, JSON, CHUNKED), b"1\r\n \r\n"),
    "tiny chunks of a GET": Flood(head("GET /health/live", CHUNKED), b"1\r\n \r\n"),
    "chunk extensions": Flood(head(EXECUTE, JSON, CHUNKED), b"1;a=b;c=d\r\n \r\n"),
    "one chunk extension": Flood(head(EXECUTE, JSON, CHUNKED) + b"1;", b"a"),
    "a body after a 413": Flood(head(EXECUTE, JSON, LENGTH), b" "),
    "chunks after a 413": Flood(head(EXECUTE, JSON, CHUNKED), b"1000\r\n" + b" " * 4096 + b"\r\n"),
    "a body after a 404": Flood(head("POST /nope", JSON, LENGTH), b" "),
    "a body after a 405": Flood(head("DELETE /api/orders", JSON, LENGTH), b" "),
    "a body after a 415": Flood(head(EXECUTE, "Content-Type: text/plain", LENGTH), b" "),
    "a body after a 200": Flood(head("GET /health/live", LENGTH), b" "),
    "a cancel's body": Flood(head("POST /api/orders/x/cancel", JSON, LENGTH), b" "),
    "bytes after a refusal": Flood(b"\0\0\0\0", b"\0"),
}
SOCKET_FLOODS: Mapping[str, Flood] = {
    "empty pieces": Flood(frame(TEXT, last=False), frame(CONT, last=False)),
    "tiny pieces": Flood(frame(TEXT, last=False), frame(CONT, b"x", last=False)),
    "tiny pieces, ended": Flood(b"", frame(TEXT, b"x", last=False) + frame(CONT, b"x", last=False) * 99 + frame(CONT)),
    "texts": Flood(b"", frame(TEXT, b"x")),
    "empty texts": Flood(b"", frame(TEXT)),
    "binaries": Flood(b"", frame(BINARY, b"x")),
    "large binaries": Flood(b"", bytes([0x82, 0xFE, 16, 0]) + bytes(4100)),
    "pings": Flood(b"", frame(PING, b"p" * 125)),
    "empty pings": Flood(b"", frame(PING)),
    "empty pings, read": Flood(b"", frame(PING), reads=True),
    "pongs": Flood(b"", frame(PONG)),
    "masked pongs": Flood(b"", frame(PONG, b"p" * 20, mask=b"mask")),
    "masked junk": Flood(frame(BINARY, b"x", last=False), bytes(range(251, 256)) * 7),
    "a frame too long": Flood(bytes([0x82, 0xFF]) + (1 << 40).to_bytes(8, "big") + bytes(4), b"x"),
    "frames after a close": Flood(frame(CLOSE, b"\x03\xe8"), frame(PONG)),
    "frames before the 101": Flood(b"", frame(PING, b"early")),
}
