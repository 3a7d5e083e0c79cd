"""Requests and frames with anything in them changed, by chance that can be repeated: never an error of the server's."""

import asyncio
import logging
import random
import re
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.api import Api
from tests.unit.http.wire import EXECUTE, HOST, JSON_TYPE, connect, get, post, post_in_chunks, request

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROUNDS, CASES = 8, 100
HANDSHAKE = (
    *("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"),
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
)
FRAMES = b"\x81\x83\0\0\0\0abc\x89\x80\1\2\3\4\x01\x81\0\0\0\0a\x80\x80\0\0\0\0\x82\xfe\0\x7e\0\0\0\0" + bytes(126)
AN_ID = "/6f2c1f6e-3c1a-4b57-9a53-1f2d0c8a0001"
REQUESTS = [
    get(),
    get("/api/orders?userId=u&status=failed&limit=2&cursor=x", "Accept: text/csv", "X-Request-Id: mine"),
    get("/api/executions?limit=200&since=2026-01-01T00:00:00Z", "Accept: text/csv;q=0.5, */*"),
    get("/docs", "Connection: close"),
    get(f"/api/orders{AN_ID}/events?afterSeq=1", "Cookie: a=b"),
    post("Idempotency-Key: mine", "Expect: 100-continue"),
    post("Connection: Upgrade", "Upgrade: h2c", clientOrderId="x", slippageBps=5),
    post_in_chunks("Trailer: X-A"),
    request("POST", f"/api/orders{AN_ID}/cancel", HOST, JSON_TYPE, "Content-Length: 0"),
    request("GET", "/health/live", version="1.0"),
    request("OPTIONS", EXECUTE, "Origin: http://x", "Access-Control-Request-Method: POST", HOST),
    request("HEAD", "http://localhost/docs", HOST),
    request("GET", "/ws/orders?userId=u", HOST, "Origin: http://x", *HANDSHAKE, body=FRAMES),
    request("GET", f"/ws/orders{AN_ID}?afterSeq=0", HOST, *HANDSHAKE, body=FRAMES),
]
PIECES = [
    *(
        b"\r\n",
        b"\n",
        b"\r",
        b"\0",
        b" ",
        b"\t",
        b":",
        b",",
        b"\xff",
        b"\xed\xa0\x80",
        b"%",
        b"%00",
        b"%ff",
        b"\x0b",
        b"//",
    ),
    *(b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: identity\r\n", b"Host: y\r\n"),
    *(
        b"HTTP/1.0",
        b"HTTP/9",
        b"Connection: Upgrade\r\nUpgrade: websocket\r\n",
        b"0\r\n\r\n",
        b"[::1]",
        b"@",
        b"#",
        b"?",
    ),
    *(b"99999999999999999999", b"-1", b"1e999", b"NaN", b'"\\ud800"', b"{" * 20, b"a" * 5000, b"X: y\r\n" * 200),
]
# What is not spoken here, and said so: neither is an error.
SAID = {501, 505}


def mutated(chance: random.Random) -> bytes:
    """Return some requests, up to four things changed."""
    raw = bytearray(b"".join(chance.choices(REQUESTS, k=chance.choice((1, 1, 2, 3)))))
    for _ in range(chance.randint(1, 4)):
        at, other = chance.randrange(len(raw)), chance.randrange(len(raw))
        start, end = sorted((at, min(other, at + 40)))
        match chance.randrange(6):
            case 0:
                raw[at] = chance.randrange(256)
            case 1:
                raw[at] ^= 1 << chance.randrange(8)
            case 2:
                del raw[start:end]
            case 3:
                raw[at:at] = raw[start:end]
            case 4:
                raw[start:end] = chance.choice(PIECES)
            case _:
                raw[at:at] = chance.choice(PIECES)
        raw = raw or bytearray(b"\0")
    return bytes(raw[: chance.randrange(len(raw)) + 1] if chance.random() < 0.1 else raw)


def cut(raw: bytes, chance: random.Random) -> Iterator[bytes]:
    """Cut it into packets."""
    at = 0
    while at < len(raw):
        size = chance.choice((1, 7, 100, len(raw)))
        yield raw[at : at + size]
        at += size


async def said(api: Api, raw: bytes, chance: random.Random) -> bytes:
    """Send all of it and no more; return all that the server says."""
    reader, writer = await connect(api.url)
    got = bytearray()
    async with asyncio.timeout(20):
        with suppress(OSError):
            for piece in cut(raw, chance):
                if writer.transport.is_closing():
                    break
                writer.write(piece)
                await asyncio.sleep(0)
            writer.write_eof()
        with suppress(OSError):
            while data := await reader.read(1 << 16):
                got += data
    writer.close()
    return bytes(got)


@pytest.mark.parametrize("seed", range(ROUNDS))
async def test_no_bytes_are_an_error_of_the_servers(
    shared_api: Api, seed: int, caplog: pytest.LogCaptureFixture
) -> None:
    chance = random.Random(seed)  # noqa: S311 - to be repeated
    for _ in range(CASES):
        raw = mutated(chance)
        answers = await said(shared_api, raw, chance)
        statuses = {int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", answers)}
        assert not [status for status in statuses - SAID if status >= 500], (raw, answers)
    assert not [record for record in caplog.records if record.levelno > logging.INFO]
    assert (await shared_api.http.get("/health/live")).status_code == 200
