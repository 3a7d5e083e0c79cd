"""A connection that an adapter keeps for itself: its commands take turns on it."""

import asyncio
from typing import Any

from hiredis import pack_command
from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection

Argument = str | float | int


class OwnConnection:
    """One of the client's connections, made by the first command, and made again when it broke.

    To borrow one for each command, and to pack its arguments in Python, would cost a process three times as much.
    """

    def __init__(self, client: Redis) -> None:
        self._pool = client.connection_pool
        self._turn = asyncio.Lock()
        self._connection: AbstractConnection | None = None

    async def run(self, *command: Argument) -> Any:
        """Return the server's answer to a command, or raise its error. Cancelled in the middle, it disconnects."""
        async with self._turn:
            connection = await self._connected()
            await connection.send_packed_command(pack_command(command))  # type: ignore[arg-type]  # stub: one argument
            return await connection.read_response()

    async def close(self) -> None:
        """Disconnect, and let go of the connection; the next command makes another. Idempotent."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.disconnect(nowait=True)
            await self._pool.release(connection)

    async def _connected(self) -> AbstractConnection:
        """Return the connection; one that is not connected any more is so again with its next command."""
        if self._connection is None:
            self._connection = await self._pool.get_connection()  # type: ignore[no-untyped-call]
        elif self._connection.is_connected and await self._connection.can_read():  # the end of the stream, too
            await self._connection.disconnect()
        return self._connection
