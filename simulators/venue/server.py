"""uvicorn for the simulator: a server that can drop a connection in the middle of a call."""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

GRACE_SECONDS = 1  # spoiled calls hang for much longer, and nobody waits for them
KEEP_ALIVE_SECONDS = 75

AsgiApp = Callable[[dict[str, Any], Any, Any], Awaitable[None]]


class DroppingProtocol(HttpToolsProtocol):
    """Gives each request the means to reset its connection: `scope["extensions"]["drop"]`."""

    def on_message_begin(self) -> None:
        """Start a request."""
        super().on_message_begin()
        self.scope["extensions"] = {"drop": self.transport.abort}  # type: ignore[dict-item]


async def serve(app: AsgiApp, listener: socket.socket, stop: asyncio.Event) -> None:
    """Serve on a bound socket until `stop` is set. Installs no signal handlers."""
    server = _Server(_config(app))
    logger = logging.getLogger("uvicorn.error")
    logger.addFilter(_is_no_spoiled_call)
    try:
        async with asyncio.TaskGroup() as group:
            stopping = group.create_task(_stop_after(stop, server))
            await server.serve(sockets=[listener])
            stopping.cancel()
    finally:
        logger.removeFilter(_is_no_spoiled_call)


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to whoever owns the process."""
        yield


async def _stop_after(stop: asyncio.Event, server: uvicorn.Server) -> None:
    await stop.wait()
    server.should_exit = True


def _config(app: AsgiApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        interface="asgi3",
        http=DroppingProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


def _is_no_spoiled_call(record: logging.LogRecord) -> bool:
    """Leave out what uvicorn says of calls that were cut off: they are what the simulator is for."""
    return record.levelno >= logging.CRITICAL
