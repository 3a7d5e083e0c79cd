"""A client gets the bytes that uvicorn alone would have sent; a usual response in one piece."""

import asyncio
from typing import Any

import pytest
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from entrypoints.web.http.protocol import ProblemHttpProtocol
from tests.unit.http.exchanges import GET, HELLO, LENGTH, App, WithoutJoinedWrites, answering, at_once, connected, sent
from tests.unit.http.recorder import Recorder

CONTINUE = b"POST / HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\nhi"


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


async def test_whoever_waits_for_the_clients_end_hears_of_the_responses() -> None:
    heard: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(receive())
            await asyncio.sleep(0)
            await HELLO(scope, at_once, send)
            heard.append(await waiting)

    await asyncio.wait_for(sent(app, GET, ProblemHttpProtocol), 1)
    assert heard == [{"type": "http.disconnect"}]
