"""uvicorn's WebSocket protocol, with a bound on clients that do not read."""

import asyncio
import socket
import struct
from typing import Any, cast

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode, Frame

from entrypoints.web.closing import TRY_LATER
from entrypoints.web.paced_reads import PacedReads
from entrypoints.web.server_config import ServerConfig
from entrypoints.web.ws.handshake import ProblemServerProtocol

PIECE_BYTES = 1024  # what is read in one turn: some 170 of the smallest frames
SEND_BUFFER_BYTES = 64 * 1024
CLOSE_SECONDS = 5.0
ABORT_SECONDS = 1.0


HANDSHAKE, UNREAD = "handshake", "unread"


class BoundedWebSocketProtocol(WebSocketsSansIOProtocol):
    """Gives a connection that should close a second to flush, then cuts it; and reads in small pieces.

    The original waits for ever for a flush to a client that does not read, and lets the kernel keep megabytes for it.
    It reads on whatever waits: here nothing is read before the handshake is answered, or while answers wait.
    """

    config: ServerConfig

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.conn = ProblemServerProtocol(self.config.site, max_size=self.config.ws_max_size, logger=self.logger)
        self.close_timeout = CLOSE_SECONDS
        self._abort_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the kernel's share of what waits for the client small."""
        self._reads = PacedReads(cast(asyncio.Transport, transport), self.loop, self._read, PIECE_BYTES)
        super().connection_made(cast(asyncio.Transport, self._reads))
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timer."""
        if self._abort_timer is not None:
            self._abort_timer.cancel()
        super().connection_lost(exc)
        self._reads.end()

    def data_received(self, data: bytes) -> None:
        """Read, a piece in each turn; the handshake, which comes first, as a whole."""
        if self.handshake_initiated:
            self._reads.take(data)
        else:
            self._reads.pause_reading(HANDSHAKE)
            self._read(data)

    def pause_writing(self) -> None:
        """Wait for the client to read: what it sends may have to be answered too."""
        super().pause_writing()
        self._reads.pause_reading(UNREAD)

    def resume_writing(self) -> None:
        """Go on: the client has read."""
        super().resume_writing()
        self._reads.resume_reading(UNREAD)

    def handle_cont(self, event: Frame) -> None:
        """Keep a piece of a message; empty ones would pile up without end."""
        if event.data or event.fin:
            super().handle_cont(event)

    def send_receive_event_to_app(self) -> None:
        """Hand on a message; text that is not UTF-8 ends the connection, and its stack is nothing for the log."""
        if self.curr_msg_data_type == "bytes" or self.close_sent or _is_utf_8(b"".join(self.frames)):
            super().send_receive_event_to_app()
        else:
            self.conn.send_close(CloseCode.INVALID_DATA)
            self.handle_parser_exception()

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
            self._reads.resume_reading(HANDSHAKE)
            return
        in_time = self.writable.is_set() and message.get("code") != TRY_LATER
        self.writable.set()
        await super().send(message)
        self._bound_closing(self.close_timeout if in_time else 0)

    def _read(self, data: bytes) -> None:
        """Read; a client's close, or a message that breaks the protocol, may end the connection."""
        if self.transport.is_closing():
            return
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.handshake_initiated:
            self._refuse_handshake()
        self._bound_closing()

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


def _is_utf_8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
