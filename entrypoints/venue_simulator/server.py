"""uvicorn for the simulator: one that can drop a connection in the middle of a call."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from falcon.asgi import App, Request, Response
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

BACKLOG = 2048
GRACE_SECONDS = 1  # spoiled calls hang for much longer, and nobody waits for them


class DroppingProtocol(HttpToolsProtocol):
    """Gives each request the means to reset its connection: `scope["extensions"]["drop"]`."""

    def on_message_begin(self) -> None:
        """Start a request."""
        super().on_message_begin()
        self.scope["extensions"] = {"drop": self.transport.abort}  # type: ignore[dict-item]


async def serve(app: "App[Request, Response]", listener: socket.socket, stop: asyncio.Event) -> None:
    """Serve until `stop` is set. Installs no signal handlers."""
    server = _Server(
        uvicorn.Config(
            app,
            http=DroppingProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="critical",  # a call that was cut off is what the simulator is for
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=False,
            backlog=BACKLOG,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
    )
    async with asyncio.TaskGroup() as group:
        stopping = group.create_task(_stop_when_told(server, stop))
        try:
            await server.serve(sockets=[listener])
        finally:
            stopping.cancel()
            listener.close()


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to whoever owns the process."""
        yield


async def _stop_when_told(server: uvicorn.Server, stop: asyncio.Event) -> None:
    await stop.wait()
    server.should_exit = True
