"""Many connections to one venue, at a cost for each call that does not grow with their number."""

import asyncio
import socket
import ssl
import sys
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager

import httpx

from adapters.http_venue.connection import Address, Connection, SocketOptions

# Servers commonly let an idle connection go after 5 s.
IDLE_SECONDS = 4.0
# A call costs over 1 ms of CPU: starting more at once makes none sooner, but each so late that it runs out of time.
STARTS_AT_ONCE = 100


class Connections:
    """Up to `most` connections; a call beyond that waits.

    A pool of many looks at all its connections for each call, and at each pair of them when some are idle:
    500 orders at once took it 35 ms of CPU an order, these 6. A connection that is not made within `reach_seconds` is
    given up; on Linux also one whose other end, asked each second, acknowledges nothing for as long.
    """

    def __init__(self, base_url: str, most: int, tls: ssl.SSLContext, reach_seconds: float) -> None:
        self._address = Address(httpx.URL(base_url))
        self._reach_seconds = reach_seconds
        self._turns = asyncio.Semaphore(STARTS_AT_ONCE)
        self._free = asyncio.Semaphore(most)
        self._tls = tls
        self._all: set[Connection] = set()
        self._idle: deque[tuple[Connection, float]] = deque()

    @asynccontextmanager
    async def one(self) -> AsyncIterator[Connection]:
        """Lend a connection for one call, the one that was used last. No proxy; only connecting is timed."""
        async with self._free:
            connection = self._idle.pop()[0] if self._idle else self._new()
            try:
                yield connection
            except BaseException:
                # A call that was cut off can leave its pool waiting for ever for its only connection.
                await self._drop(connection)
                raise
            self._idle.append((connection, time.monotonic()))
            await self._drop_the_oldest()

    @asynccontextmanager
    async def turn(self, seconds: float) -> AsyncIterator[None]:
        """Wait for a turn to start a call. It ends with the call, or after `seconds`: the venue is slow then."""
        await self._turns.acquire()
        with ExitStack() as turn:
            turn.callback(self._turns.release)
            turn.callback(asyncio.get_running_loop().call_later(seconds, turn.close).cancel)
            yield

    async def close(self) -> None:
        """Close all connections. Idempotent."""
        self._idle.clear()
        while self._all:
            await self._all.pop().close()

    def _new(self) -> Connection:
        made = Connection(
            self._address, self._tls, self._reach_seconds, IDLE_SECONDS, _given_up_after(self._reach_seconds)
        )
        self._all.add(made)
        return made

    async def _drop_the_oldest(self) -> None:
        """Close what has been idle for so long that its server has let go of it: it only holds a socket."""
        connection, since = self._idle[0]
        if time.monotonic() - since > IDLE_SECONDS:
            self._idle.popleft()
            await self._drop(connection)

    async def _drop(self, connection: Connection) -> None:
        await connection.close()
        self._all.discard(connection)


def _given_up_after(seconds: float) -> SocketOptions:
    """Return the socket options by which a connection fails that leaves what is sent unacknowledged for so long.

    While an answer is awaited nothing would be sent; then the kernel sends a probe each second.
    """
    if sys.platform != "linux":
        return []
    tcp = socket.IPPROTO_TCP
    return [
        (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
        (tcp, socket.TCP_KEEPIDLE, 1),
        (tcp, socket.TCP_KEEPINTVL, 1),
        (tcp, socket.TCP_USER_TIMEOUT, max(1, int(seconds * 1000))),
    ]
