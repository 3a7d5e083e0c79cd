"""Where reads go, and seldom writes: a few connections for many callers, and a time limit on every statement."""

import asyncio
from collections.abc import Mapping
from typing import Any, Literal

import psycopg

from adapters.postgres.connection import CALL_SECONDS, Rows
from adapters.postgres.connector import Connector
from adapters.postgres.errors import translated
from adapters.postgres.own_connection import OwnConnection
from application.ports.errors import DataRefused, StoreUnavailable

_WAITING_PER_CONNECTION = 250


class ReadPool:
    """Up to `size` connections for statements that make no groups; the one used last goes first, so few are made."""

    def __init__(self, connector: Connector, settings: Mapping[str, str], size: int) -> None:
        self._connections = [OwnConnection(connector, settings) for _ in range(size)]
        self._free: asyncio.LifoQueue[OwnConnection] = asyncio.LifoQueue()
        for connection in reversed(self._connections):
            self._free.put_nowait(connection)
        self._waiting = 0

    async def close(self) -> None:
        """Disconnect; the next read connects again."""
        for connection in self._connections:
            await connection.close()

    async def connect(self) -> None:
        """Have one connection made, for as long as it takes to ask all hosts. Raises StoreUnavailable."""
        connection = await self._free.get()
        try:
            await connection.connect()
        finally:
            self._free.put_nowait(connection)

    async def run(self, query: str, params: Any) -> Rows:
        """Run one statement that changes nothing and return its rows; again if its connection turns out to be dead.

        Raises StoreUnavailable, within CALL_SECONDS.
        """
        try:
            return await self._run(query, params, False)
        except DataRefused:
            return []  # what could never be stored is not there

    async def change(self, query: str, params: Any) -> Rows:
        """Run one statement that is harmless to repeat; return its rows. Raises DataRefused too."""
        return await self._run(query, params, "unknown")

    async def _run(self, query: str, params: Any, cut_off: Literal[False, "unknown"]) -> Rows:
        deadline = asyncio.get_running_loop().time() + CALL_SECONDS
        connection = await self._taken(deadline)
        try:
            return await connection.run(query, params, deadline, cut_off=cut_off)
        except (psycopg.Error, UnicodeEncodeError) as error:
            raise translated(error) from error
        finally:
            self._free.put_nowait(connection)

    async def _taken(self, deadline: float) -> OwnConnection:
        if not self._free.empty():
            return self._free.get_nowait()
        if self._waiting >= len(self._connections) * _WAITING_PER_CONNECTION:
            raise StoreUnavailable("too many reads are waiting")
        self._waiting += 1
        try:
            async with asyncio.timeout_at(deadline):
                return await self._free.get()
        except TimeoutError as error:
            raise StoreUnavailable("reads wait for too long") from error
        finally:
            self._waiting -= 1
