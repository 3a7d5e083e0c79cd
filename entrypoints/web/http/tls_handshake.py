"""The handshake of a server that speaks TLS: a connection is let in once it is over, soon or never."""

import asyncio
from collections.abc import Callable
from ssl import SSLContext
from typing import Any, cast

from uvicorn.protocols.utils import get_remote_addr

from entrypoints.web import observe

HANDSHAKE_SECONDS = 10.0
SHUTDOWN_SECONDS = 2.0  # for a client's word that it has heard the end
WAITING_BYTES = 1024 * 1024  # more than is read before it is let in

Make = Callable[[], asyncio.Protocol]


class TlsHandshake(asyncio.Protocol):
    """A connection in its handshake, among `connections` like any other; what `make` gives takes it over then."""

    is_new = True

    def __init__(self, make: Make, context: SSLContext, connections: "set[Any]") -> None:
        self._make = make
        self._context = context
        self._connections = connections
        self._came_early = b""
        self._opening: asyncio.Task[None] | None = None
        self._is_lost = False
        self.waited = 0.0
        self.client: tuple[str, int] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin the handshake."""
        self.transport = cast(asyncio.Transport, transport)
        self.client = get_remote_addr(self.transport)
        self._connections.add(self)
        self._opening = asyncio.get_running_loop().create_task(self._open(), name="TLS handshake")

    def connection_lost(self, exc: Exception | None) -> None:
        """Give up: the client has left, in or before the handshake."""
        self._is_lost = True

    def data_received(self, data: bytes) -> None:
        """Keep what comes before TLS reads, and then with the end of the handshake, until somebody takes it over."""
        self._came_early += data
        if len(self._came_early) > WAITING_BYTES:
            self.transport.abort()

    def end_if_late(self, passed: float, *_: float) -> None:
        """Note how long it waits; the handshake has a limit of its own."""
        self.waited += passed

    def shutdown(self) -> None:
        """End it, because the server stops."""
        self.transport.abort()

    async def _open(self) -> None:
        loop = asyncio.get_running_loop()
        handshake = loop.create_task(
            loop.start_tls(
                self.transport,
                self,
                self._context,
                server_side=True,
                ssl_handshake_timeout=HANDSHAKE_SECONDS,
                ssl_shutdown_timeout=SHUTDOWN_SECONDS,
            )
        )
        try:
            await asyncio.sleep(0)  # from here on TLS reads
            self._hand_on(cast(asyncio.BufferedProtocol, self.transport.get_protocol()))
            secured = await handshake
        except OSError:  # as ssl.SSLError and TimeoutError are; every scanner of ports comes by
            observe.handshake_failed()
            self.transport.abort()
        else:
            if secured is not None and not self._is_lost:
                self._hand_over(secured)
        finally:
            self._connections.discard(self)

    def _hand_on(self, tls: asyncio.BufferedProtocol) -> None:
        """Give TLS what came before it read: a loop may read between two turns, whatever was asked of it."""
        while self._came_early:
            room = memoryview(tls.get_buffer(len(self._came_early)))
            piece, self._came_early = self._came_early[: len(room)], self._came_early[len(room) :]
            room[: len(piece)] = piece
            tls.buffer_updated(len(piece))

    def _hand_over(self, secured: asyncio.Transport) -> None:
        protocol = self._make()
        secured.set_protocol(protocol)
        protocol.connection_made(secured)
        if self._came_early:
            protocol.data_received(self._came_early)
            self._came_early = b""
