"""A client gets the bytes that uvicorn alone would have sent and the shared headers, and head and body together."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from entrypoints.web.http.protocol import ProblemHttpProtocol
from entrypoints.web.server_config import ServerConfig
from entrypoints.web.shared_headers import LINES
from entrypoints.web.site import Site
from tests.unit.http.recorder import Recorder

App = Callable[[Any, Any, Any], Awaitable[None]]

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
LENGTH = (b"content-length", b"5")
CONTINUE = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\nhi"


def answering(*bodies: bytes, status: int = 200, headers: tuple[tuple[bytes, bytes], ...] = (LENGTH,)) -> App:
    """Make an app that reads the request, and sends a head and `bodies`."""

    async def app(_scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "http.response.start", "status": status, "headers": list(headers)})
        for number, body in enumerate(bodies, start=1):
            await send({"type": "http.response.body", "body": body, "more_body": number < len(bodies)})

    return app


HELLO = answering(b"hello")


async def at_once() -> None:
    """Read a request's body, for an app that does not wait for it."""


async def failing(_scope: Any, _receive: Any, _send: Any) -> None:
    raise RuntimeError("before a head was sent")


async def unending(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [LENGTH]})


async def failing_late(scope: Any, receive: Any, send: Any) -> None:
    await unending(scope, receive, send)
    raise RuntimeError("before the body")


async def silent(_scope: Any, _receive: Any, _send: Any) -> None:
    pass


async def unread(_scope: Any, _receive: Any, send: Any) -> None:
    await answering(b"hello")(None, at_once, send)


async def bare(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": b"hello"})


async def twice(scope: Any, receive: Any, send: Any) -> None:
    await HELLO(scope, receive, send)
    await HELLO(scope, at_once, send)


async def reading_late(scope: Any, receive: Any, send: Any) -> None:
    await unread(scope, receive, send)
    assert await receive() == {"type": "http.disconnect"}


async def headless(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.body", "body": b"hello"})


@pytest.mark.parametrize(
    ("app", "request_bytes"),
    [
        pytest.param(HELLO, GET, id="usual"),
        pytest.param(HELLO, GET * 3, id="pipelined"),
        pytest.param(answering(b"hello", headers=(LENGTH, (b"x-a", b"1"), (b"x-a", b"2"))), GET, id="headers"),
        pytest.param(answering(b"hello", status=599), GET, id="status without a phrase"),
        pytest.param(HELLO, GET.replace(b"GET", b"HEAD"), id="HEAD"),
        pytest.param(HELLO, GET.replace(b"1.1", b"1.0"), id="HTTP/1.0"),
        pytest.param(
            HELLO,
            GET.replace(b"Host: localhost", b"Host: localhost\r\nConnection: close"),
            id="the client wants no more",
        ),
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
        pytest.param(
            unread, GET.replace(b"Host: localhost", b"Host: localhost\r\nContent-Length: 9"), id="before the body came"
        ),
        pytest.param(HELLO, CONTINUE, id="100 Continue"),
        pytest.param(unread, CONTINUE, id="not awaited"),
        pytest.param(reading_late, CONTINUE, id="read after the answer"),
    ],
)
async def test_the_same_bytes_as_uvicorns(app: App, request_bytes: bytes) -> None:
    theirs = await sent(app, request_bytes, HttpToolsProtocol)
    assert theirs[0].startswith(b"HTTP/1.1 ")
    ours, closed = await sent(app, request_bytes, ProblemHttpProtocol)
    assert ours.count(LINES) == theirs[0].count(b"HTTP/1.1 ") - theirs[0].count(b"HTTP/1.1 100 ")
    assert (ours.replace(LINES, b""), closed) == theirs


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
    assert (response.replace(LINES, b""), closed) == await sent(app, GET, HttpToolsProtocol)
    assert closed
    assert b"x-b" not in response


async def test_head_and_body_leave_in_one_write() -> None:
    transport, state = Recorder(), ServerState()
    protocol = connected(HELLO, transport, state, ProblemHttpProtocol)
    protocol.data_received(GET)
    await asyncio.gather(*state.tasks)
    await asyncio.sleep(0)
    assert transport.sent == [b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n%b\r\nhello" % LINES]
    protocol.connection_lost(None)


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
    """Connect `transport` to a server of `app`."""
    config = ServerConfig(
        app,
        Site(),
        lifespan="off",
        log_config=None,
        access_log=False,
        interface="asgi3",
        server_header=False,
        date_header=False,
    )
    protocol = http(config, state, {}, asyncio.get_running_loop())
    protocol.connection_made(transport)
    return protocol
