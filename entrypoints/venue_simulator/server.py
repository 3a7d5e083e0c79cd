"""The engine's server for the simulator: one that can drop a connection in the middle of a call."""

import asyncio
import logging
import socket

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from entrypoints.web import server
from entrypoints.web.server import AsgiApp, ServerTimes

_TIMES = ServerTimes(grace_seconds=1)  # spoiled calls hang for much longer, and nobody waits for them


class DroppingProtocol(HttpToolsProtocol):
    """Gives each request the means to reset its connection: `scope["extensions"]["drop"]`."""

    def on_message_begin(self) -> None:
        """Start a request."""
        super().on_message_begin()
        self.scope["extensions"] = {"drop": self.transport.abort}  # type: ignore[dict-item]


async def serve(app: AsgiApp, listener: socket.socket, stop: asyncio.Event) -> None:
    """Serve until `stop` is set. Installs no signal handlers."""
    logger = logging.getLogger("uvicorn.error")
    logger.addFilter(_is_no_spoiled_call)
    try:
        await server.serve(app, listener, stop, times=_TIMES, http=DroppingProtocol)
    finally:
        logger.removeFilter(_is_no_spoiled_call)


def _is_no_spoiled_call(record: logging.LogRecord) -> bool:
    """Leave out what uvicorn says of calls that were cut off: they are what the simulator is for."""
    return record.levelno >= logging.CRITICAL
