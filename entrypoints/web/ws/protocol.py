"""uvicorn's WebSocket protocol, with a bound on clients that do not read."""

import asyncio
import socket
import struct
from typing import Any

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from entrypoints.web.closing import TRY_LATER
from entrypoints.web.ws.handshake import ProblemServerProtocol

SEND_BUFFER_BYTES = 64 * 1024
CLOSE_SECONDS = 5.0
ABORT_SECONDS = 1.0


class BoundedWebSocketProtocol(WebSocketsSansIOProtocol):
    """Gives a connection that should close a second to flush, then cuts it.

    The original waits for ever for a flush to a client that does not read, and lets the kernel keep megabytes for it.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.conn = ProblemServerProtocol(max_size=self.config.ws_max_size, logger=self.logger)
        self.close_timeout = CLOSE_SECONDS
        self._abort_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the kernel's share of what waits for the client small."""
        super().connection_made(transport)
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timer."""
        if self._abort_timer is not None:
            self._abort_timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read; a client's close, or a message that breaks the protocol, may end the connection."""
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.handshake_initiated:
            self._refuse_handshake()
        self._bound_closing()

    def keepalive_timeout(self) -> None:
        """End a connection whose pong did not come."""
        super().keepalive_timeout()
        self._bound_closing()

    def shutdown(self) -> None:
        """End the connection because the server stops."""
        super().shutdown()
        self._bound_closing()

    async def send(self, message: Any) -> None:
        """Send for the app; a close is not held up by what the client has not read, and then soon cuts it."""
        if self.close_sent:
            raise ClientDisconnected
        if message["type"] != "websocket.close":
            await self.writable.wait()
            if self.close_sent:  # meanwhile, by another task
                raise ClientDisconnected
            await super().send(message)
            return
        in_time = self.writable.is_set() and message.get("code") != TRY_LATER
        self.writable.set()
        await super().send(message)
        self._bound_closing(self.close_timeout if in_time else 0)

    def _refuse_handshake(self) -> None:
        """Answer a request that could not be read: the original says nothing and keeps the connection."""
        if not self.close_sent:
            self.close_sent = True
            output = b"".join(self.conn.data_to_send())
            self.transport.write(output or self.conn.reject(400, "").serialize())
            self.transport.close()

    def _bound_closing(self, after: float = 0) -> None:
        if self._abort_timer is None and (self.close_sent or self.transport.is_closing()):
            self._abort_timer = self.loop.call_later(after + ABORT_SECONDS, self._abort)

    def _abort(self) -> None:
        """Cut the connection; if our close cannot reach the client, have the kernel forget what it has not read."""
        if self.transport.get_write_buffer_size():
            connection = self.transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()
