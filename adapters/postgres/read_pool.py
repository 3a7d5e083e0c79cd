"""Where reads go: a small pool, and a time limit on every statement."""

import asyncio
from typing import Any

import psycopg
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from adapters.postgres.connection import CALL_SECONDS, Rows, execute
from adapters.postgres.errors import is_of_data, translated

# The pool gives an attempt to connect up so soon because its pauses between attempts grow: a new call starts afresh,
# and so the pool is back as soon as the server is.
_RECONNECT_SECONDS = 0.5
_WAITING_PER_CONNECTION = 250


class ReadPool:
    """A few connections for statements that change nothing. A closed one cannot be opened again."""

    def __init__(self, conninfo: str, size: int) -> None:
        self._pool: AsyncConnectionPool[AsyncConnection[Any]] = AsyncConnectionPool(
            conninfo,
            min_size=0,
            max_size=size,
            max_waiting=size * _WAITING_PER_CONNECTION,
            reconnect_timeout=_RECONNECT_SECONDS,
            kwargs={"autocommit": True},
            open=False,
        )

    async def open(self) -> None:
        """Start; nothing is connected before the first read."""
        await self._pool.open()

    async def close(self) -> None:
        """Disconnect. Idempotent."""
        await self._pool.close()

    async def run(self, query: str, params: Any) -> Rows:
        """Run one statement and return its rows; again if its connection turns out to be dead.

        Raises StoreUnavailable, within CALL_SECONDS.
        """
        time = asyncio.get_running_loop().time
        deadline = time() + CALL_SECONDS
        while True:
            connection = None
            try:
                async with self._pool.connection(timeout=deadline - time()) as connection:
                    return await execute(connection.cursor(), query, params, deadline)
            except (psycopg.Error, UnicodeEncodeError) as error:
                if is_of_data(error):
                    return []  # what could never be stored is not there
                if connection is None or not connection.closed or time() >= deadline:
                    raise translated(error) from error
