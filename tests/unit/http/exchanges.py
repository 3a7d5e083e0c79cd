"""Apps, and connections to them without a network, for the tests of an exchange."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from entrypoints.web.http.protocol import ProblemHttpProtocol
from tests.unit.http.recorder import Recorder

App = Callable[[Any, Any, Any], Awaitable[None]]

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
LENGTH = (b"content-length", b"5")


def answering(*bodies: bytes, status: int = 200, headers: tuple[tuple[bytes, bytes], ...] = (LENGTH,)) -> App:
    """Make an app that reads the request, and sends a head and `bodies`."""

    async def app(_scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "http.response.start", "status": status, "headers": list(headers)})
        for number, body in enumerate(bodies, start=1):
            await send({"type": "http.response.body", "body": body, "more_body": number < len(bodies)})

    return app


async def at_once() -> None:
    """Read a request's body, for an app that does not wait for it."""


HELLO = answering(b"hello")


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
    """Connect `transport` to a server of `app`."""
    config = uvicorn.Config(app, lifespan="off", log_config=None, access_log=False, interface="asgi3")
    protocol = http(config, state, {}, asyncio.get_running_loop())
    protocol.connection_made(transport)
    return protocol
