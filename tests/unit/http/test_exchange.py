"""A client gets the bytes that uvicorn alone would have sent; a usual response in one piece."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from entrypoints.http.protocol import ProblemHttpProtocol
from tests.unit.http.recorder import Recorder

App = Callable[[Any, Any, Any], Awaitable[None]]

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
CONTINUE = b"POST / HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\nhi"
LENGTH = (b"content-length", b"5")


def answering(*bodies: bytes, status: int = 200, headers: tuple[tuple[bytes, bytes], ...] = (LENGTH,)) -> App:
    """Make an app that reads the request, and sends a head and `bodies`."""

    async def app(_scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "http.response.start", "status": status, "headers": list(headers)})
        for number, body in enumerate(bodies, start=1):
            await send({"type": "http.response.body", "body": body, "more_body": number < len(bodies)})

    return app


async def failing(_scope: Any, _receive: Any, _send: Any) -> None:
    raise RuntimeError("before a head was sent")


async def unending(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [LENGTH]})


async def failing_late(_scope: Any, _receive: Any, send: Any) -> None:
    await unending(_scope, _receive, send)
    raise RuntimeError("before the body")


async def silent(_scope: Any, _receive: Any, _send: Any) -> None:
    pass


async def unread(_scope: Any, _receive: Any, send: Any) -> None:
    await answering(b"hello")(None, _at_once, send)


async def _at_once() -> None:
    pass


async def bare(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": b"hello"})


async def twice(scope: Any, receive: Any, send: Any) -> None:
    await HELLO(scope, receive, send)
    await HELLO(scope, _at_once, send)


async def reading_late(scope: Any, receive: Any, send: Any) -> None:
    await unread(scope, receive, send)
    assert await receive() == {"type": "http.disconnect"}


async def headless(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.body", "body": b"hello"})


HELLO = answering(b"hello")


@pytest.mark.parametrize(
    ("app", "request_bytes"),
    [
        pytest.param(HELLO, GET, id="usual"),
        pytest.param(HELLO, GET * 3, id="pipelined"),
        pytest.param(answering(b"hello", headers=(LENGTH, (b"x-a", b"1"), (b"x-a", b"2"))), GET, id="headers"),
        pytest.param(answering(b"hello", status=599), GET, id="status without a phrase"),
        pytest.param(HELLO, GET.replace(b"GET", b"HEAD"), id="HEAD"),
        pytest.param(HELLO, GET.replace(b"1.1", b"1.0"), id="HTTP/1.0"),
        pytest.param(HELLO, GET.replace(b"Host: x", b"Connection: close"), id="the client wants no more"),
        pytest.param(answering(b"hello", headers=(LENGTH, (b"connection", b"close"))), GET, id="the app wants no more"),
        pytest.param(answering(b"hello", headers=()), GET, id="no length"),
        pytest.param(answering(b"hello", headers=((b"transfer-encoding", b"chunked"),)), GET, id="chunked"),
        pytest.param(answering(b"he", b"llo"), GET, id="in two pieces"),
        pytest.param(answering(b"hello", b""), GET, id="in two pieces, the second empty"),
        pytest.param(answering(b"he", b"llo", headers=()), GET, id="in two chunks"),
        pytest.param(answering(b"", headers=((b"content-length", b"0"),)), GET, id="empty"),
        pytest.param(answering(b"", status=204, headers=()), GET, id="no content"),
        pytest.param(failing, GET, id="failed"),
        pytest.param(silent, GET, id="no answer"),
        pytest.param(headless, GET, id="no head"),
        pytest.param(bare, GET, id="no headers"),
        pytest.param(unread, GET.replace(b"Host: x", b"Content-Length: 9"), id="before the body came"),
        pytest.param(HELLO, CONTINUE, id="100 Continue"),
        pytest.param(unread, CONTINUE, id="not awaited"),
        pytest.param(reading_late, CONTINUE, id="read after the answer"),
    ],
)
async def test_the_same_bytes_as_uvicorns(app: App, request_bytes: bytes) -> None:
    theirs = await sent(app, request_bytes, HttpToolsProtocol)
    assert theirs[0].startswith(b"HTTP/1.1 ")
    assert await sent(app, request_bytes, ProblemHttpProtocol) == theirs


@pytest.mark.parametrize(
    "app",
    [
        pytest.param(answering(b"hello", headers=(LENGTH, (b"x-a", b"1\r\nx-b: 2"))), id="a header in a header"),
        pytest.param(answering(b"hello", headers=(LENGTH, (b"x-a", b"1\n"))), id="line feed"),
        pytest.param(answering(b"hello", headers=(LENGTH, (b"x-a", b"1\r"))), id="carriage return"),
        pytest.param(answering(b"hello", headers=(LENGTH, (b"x-a", b"\0"))), id="NUL"),
        pytest.param(answering(b"hello", headers=((b"content-length", b"9"), LENGTH)), id="two lengths"),
        pytest.param(answering(b"hello", headers=((b"content-length", b"4"),)), id="longer than it says"),
        pytest.param(twice, id="a second response"),
        pytest.param(answering(b"hello", headers=((b"content-length", b"6"),)), id="shorter than it says"),
    ],
)
async def test_what_uvicorn_refuses_is_refused(app: App) -> None:
    response, closed = await sent(app, GET, ProblemHttpProtocol)
    assert (response, closed) == await sent(app, GET, HttpToolsProtocol)
    assert closed
    assert b"x-b" not in response


@pytest.mark.parametrize(
    ("app", "pieces"),
    [
        pytest.param(HELLO, 1, id="usual"),
        pytest.param(answering(b"he", b"llo"), 3, id="in two pieces"),
        pytest.param(answering(b"hello", headers=()), 2, id="no length"),
    ],
)
async def test_a_usual_response_is_one_piece(app: App, pieces: int) -> None:
    transport, state = Recorder(), ServerState()
    protocol = connected(app, transport, state, WithoutJoinedWrites)
    protocol.data_received(GET)
    await asyncio.gather(*state.tasks)
    assert len(transport.sent) == pieces
    protocol.connection_lost(None)


@pytest.mark.parametrize("app", [unending, failing_late])
async def test_a_head_without_a_body_is_a_500(app: App) -> None:
    """It would be the head alone from uvicorn, and a cut connection."""
    response, closed = await sent(app, GET, ProblemHttpProtocol)
    assert response.startswith(b"HTTP/1.1 500 ")
    assert response.count(b"HTTP/1.1") == 1
    assert closed


class Paused:
    """An app that stops after its head until the test has done something to the connection."""

    def __init__(self) -> None:
        self.transport, self.state = Recorder(), ServerState()
        self.protocol = connected(self._answer, self.transport, self.state, WithoutJoinedWrites)
        self._go_on = asyncio.Event()

    async def ask(self) -> None:
        """Send a request, and wait until the app sent its head."""
        self.protocol.data_received(GET)
        await asyncio.sleep(0)

    async def end(self) -> bytes:
        """Let the app send its body; return all that was sent."""
        self._go_on.set()
        await asyncio.wait(self.state.tasks, timeout=0.05)
        return b"".join(self.transport.sent)

    async def _answer(self, _scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [LENGTH]})
        await self._go_on.wait()
        await send({"type": "http.response.body", "body": b"hello"})


async def test_a_client_that_left_is_not_answered() -> None:
    paused = Paused()
    await paused.ask()
    paused.protocol.connection_lost(None)
    assert await paused.end() == b""
    assert paused.state.total_requests == 0


async def test_a_server_that_stops_ends_the_connection_with_the_response() -> None:
    paused = Paused()
    await paused.ask()
    paused.protocol.shutdown()
    assert await paused.end() == b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello"
    assert paused.transport.closed


async def test_nothing_is_written_while_the_client_does_not_read() -> None:
    paused = Paused()
    await paused.ask()
    paused.protocol.pause_writing()
    assert await paused.end() == b""
    paused.protocol.resume_writing()
    assert (await paused.end()).endswith(b"\r\n\r\nhello")


async def test_the_servers_own_headers_are_sent() -> None:
    paused = Paused()
    paused.state.default_headers = [(b"server", b"engine")]
    await paused.ask()
    assert b"server: engine\r\n" in await paused.end()


async def test_whoever_waits_for_the_clients_end_hears_of_the_responses() -> None:
    heard: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(receive())
            await asyncio.sleep(0)
            await HELLO(scope, _at_once, send)
            heard.append(await waiting)

    await asyncio.wait_for(sent(app, GET, ProblemHttpProtocol), 1)
    assert heard == [{"type": "http.disconnect"}]


async def test_an_access_log_has_each_response(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "access")
    paused = Paused()
    paused.protocol.access_log, paused.protocol.access_logger = True, logging.getLogger("access")
    await paused.ask()
    await paused.end()
    assert [record.name for record in caplog.records] == ["access"]


class WithoutJoinedWrites(ProblemHttpProtocol):
    """Shows each write."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        HttpToolsProtocol.connection_made(self, transport)


async def sent(app: App, request: bytes, http: type[HttpToolsProtocol]) -> tuple[bytes, bool]:
    """Have `app` answer; return all bytes of the connection, and whether the server closed it."""
    transport, state = Recorder(), ServerState()
    protocol = connected(app, transport, state, http)
    protocol.data_received(request)
    while state.tasks:
        await asyncio.gather(*state.tasks)
        await asyncio.sleep(0)
    closed = transport.closed
    protocol.connection_lost(None)
    return b"".join(transport.sent), closed


def connected(app: App, transport: Recorder, state: ServerState, http: type[HttpToolsProtocol]) -> HttpToolsProtocol:
    config = uvicorn.Config(app, lifespan="off", log_config=None, access_log=False, interface="asgi3")
    protocol = http(config, state, {}, asyncio.get_running_loop())
    protocol.connection_made(transport)
    return protocol
