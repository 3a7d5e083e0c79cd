"""Sockets that send without a pause, or never read what they ask for: others have their turns."""

import asyncio
import base64
import logging
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
import pytest

from entrypoints.web.server import ServerTimes
from entrypoints.web.ws.protocol import BoundedWebSocketProtocol
from tests.api import Api, running_api
from tests.eventually import eventually
from tests.unit.http.wire import HOST, connect, get, next_answer, request, say
from tests.unit.scenarios import Scenario, ends_made

HANDSHAKE = (
    *("Connection: Upgrade", "Upgrade: websocket"),
    f"Sec-WebSocket-Key: {base64.b64encode(bytes(16)).decode()}",
)
VERSION = "Sec-WebSocket-Version: 13"
FEED = "/ws/orders"
CONT, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
MOST_SENT = 64 << 20
STILL_TURNS = 1000
MOST_A_TURN = 2048


def frame(opcode: int, data: bytes = b"", *, last: bool = True) -> bytes:
    """Return a client's frame, with a mask of zeros."""
    return bytes([last << 7 | opcode, 0x80 | len(data)]) + bytes(4) + data


@asynccontextmanager
async def opened(
    api: Api, path: str = FEED, then: bytes = b""
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Open a socket, with bytes that come in the handshake's packet."""
    reader, writer = await connect(api.url)
    writer.write(request("GET", path, HOST, *HANDSHAKE, VERSION) + then)
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


FLOODS = {
    "pongs": frame(PONG),
    "pings": frame(PING),
    "pings with data": frame(PING, b"p" * 20),
    "texts": frame(TEXT),
    "binaries": frame(BINARY, b"b"),
    "empty pieces": frame(TEXT, last=False) + frame(CONT, last=False) * 200 + frame(CONT),
}


@pytest.mark.parametrize("path", ["/ws/orders", "/ws/orders/{order_id}"])
@pytest.mark.parametrize("piece", FLOODS.values(), ids=FLOODS.keys())
def test_others_have_their_turns_meanwhile(run: Callable[[Scenario], None], piece: bytes, path: str) -> None:
    async def scenario() -> None:
        async with running_api() as api:
            order_id = await api.submit()
            async with opened(api, path.format(order_id=order_id)) as (reader, writer):
                flood = piece * (500_000 // len(piece))
                writer.write(flood + frame(PING, b"the end"))
                reading = asyncio.create_task(read_until(reader, b"the end"))
                turns = 0
                while not reading.done():
                    turns += 1
                    await asyncio.sleep(0)
                assert turns > len(flood) / MOST_A_TURN
                await reading

    run(scenario)


async def read_until(reader: asyncio.StreamReader, end: bytes) -> None:
    last = b""
    while not last.endswith(end):
        last = (last + await reader.read(1 << 16))[-100:]


@pytest.fixture
def server_ends(monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[BoundedWebSocketProtocol]]:
    """Return the server's ends of all sockets, those that are still there."""
    made = ends_made(BoundedWebSocketProtocol, monkeypatch)
    return lambda: [end for one in made if (end := one()) is not None]


@pytest.mark.parametrize("path", ["/ws/orders", "/ws/orders/{order_id}"])
def test_answers_that_are_not_read_stop_the_reading(
    run: Callable[[Scenario], None], server_ends: Callable[[], list[BoundedWebSocketProtocol]], path: str
) -> None:
    async def scenario() -> None:
        async with running_api(times=ServerTimes(ping_seconds=2, pong_seconds=1)) as api:
            order_id = await api.submit()
            client = socket.socket()
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            url, loop = httpx.URL(api.url), asyncio.get_running_loop()
            client.connect((url.host, url.port))
            client.setblocking(False)
            lines = (HOST, *HANDSHAKE, VERSION)
            await loop.sock_sendall(client, request("GET", path.format(order_id=order_id), *lines))
            await eventually(lambda: api.drain.open_sockets == 1)
            await fill(client, frame(PING, b"p" * 125) * 400, lambda: not server_ends()[0].transport.is_reading())
            assert server_ends()[0].transport.get_write_buffer_size() < 4 * 65536
            await eventually(lambda: api.drain.open_sockets == 0 and not server_ends())  # its pong did not come
            client.close()

    run(scenario)


async def fill(client: socket.socket, piece: bytes, until: Callable[[], bool]) -> None:
    """Send as much as goes, until the fact holds for many turns in which nothing goes any more."""
    sent, rest, turns = 0, piece, 0
    while sent < MOST_SENT:
        try:
            gone = client.send(rest)
        except BlockingIOError:
            turns = turns + 1 if until() else 0
            if turns == STILL_TURNS:
                return
            await asyncio.sleep(0)
        else:
            turns, sent, rest = 0, sent + gone, rest[gone:] or piece
    raise AssertionError("the server took all of it")


async def test_empty_pieces_do_not_pile_up(server_ends: Callable[[], list[BoundedWebSocketProtocol]]) -> None:
    async with running_api() as api, opened(api) as (reader, writer):
        writer.write(frame(TEXT, last=False) + frame(CONT, last=False) * 50_000 + frame(PING, b"the end"))
        await reader.readuntil(b"the end")
        [server] = server_ends()
        assert len(server.frames) <= 1
        writer.write(frame(CONT, b"x", last=False) * 4097)  # how long a message may be is bounded as ever
        assert (1009).to_bytes(2, "big") in await reader.read()


@pytest.mark.parametrize("cut", [0, 1, 3])
async def test_a_ping_that_comes_with_the_handshake_is_answered(cut: int) -> None:
    ping = frame(PING, b"early")
    async with running_api() as api, opened(api, then=ping[:cut] if cut else ping) as (reader, writer):
        if cut:
            writer.write(ping[cut:])
        assert await reader.readexactly(7) == bytes([0x80 | PONG, 5]) + b"early"
        writer.write(frame(CLOSE, (1000).to_bytes(2, "big")))
        assert await reader.read() == bytes([0x80 | CLOSE, 2]) + (1000).to_bytes(2, "big")


async def test_a_close_that_comes_with_the_handshake_ends_it() -> None:
    async with running_api() as api, opened(api, then=frame(CLOSE)) as (reader, _):
        assert await reader.read() == bytes([0x80 | CLOSE, 0])


@pytest.mark.parametrize(
    "lines",
    [
        ("Connection: keep-alive", "Connection: Upgrade", "Upgrade: websocket"),
        ("Connection: Upgrade", "Connection: keep-alive", "Upgrade: websocket"),
        ("Connection: keep-alive, Upgrade", "Upgrade: websocket \t"),
        ("connection:upgrade\t", "UPGRADE:\tWebSocket "),
    ],
)
@pytest.mark.parametrize("path", [FEED, "/ws/orders/{order_id}"])
async def test_a_handshake_in_other_words(lines: tuple[str, ...], path: str) -> None:
    async with running_api() as api:
        path = path.format(order_id=await api.submit())
        raw = request("GET", path, HOST, *lines, HANDSHAKE[2] + " ", VERSION + " ")
        [answer] = await say(api.url, raw)
        assert answer.status == 101


@pytest.mark.parametrize("version", ["8", "12", "14", "013", "13, 8", "x"])
async def test_another_version_is_told_the_right_one(version: str) -> None:
    async with running_api() as api:
        raw = request("GET", FEED, HOST, *HANDSHAKE, f"Sec-WebSocket-Version: {version}", "X-Request-Id: mine")
        [answer] = await say(api.url, raw, answers=2)
    assert (answer.status, answer.json["code"]) == (426, "upgrade_required")
    assert (answer.headers["sec-websocket-version"], answer.headers["upgrade"]) == ("13", "websocket")
    assert (answer.headers["x-request-id"], answer.headers["connection"]) == ("mine", "close")
    assert answer.headers["date"].endswith(" GMT")


async def test_a_handshake_waits_for_the_answers_before_it() -> None:
    async with running_api() as api:
        reader, writer = await connect(api.url)
        writer.write(get() * 3 + request("GET", FEED, HOST, *HANDSHAKE, VERSION) + frame(PING, b"early"))
        for status in (200, 200, 200, 101):
            answer = await next_answer(reader)
            assert answer is not None
            assert answer.status == status
        assert (await reader.readexactly(7)).endswith(b"early")
        writer.transport.abort()


async def test_text_that_is_not_utf_8_ends_the_socket_and_is_no_error_here(caplog: pytest.LogCaptureFixture) -> None:
    async with running_api() as api, opened(api) as (reader, writer):
        writer.write(frame(TEXT, b"\xff"))
        assert await reader.read() == bytes([0x80 | CLOSE, 2]) + (1007).to_bytes(2, "big")
    assert not [record for record in caplog.records if record.levelno > logging.INFO]
