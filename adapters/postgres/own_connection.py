"""A connection that is always there, or its absence reported in time."""

import asyncio
from collections.abc import Mapping
from typing import Any, Literal

import psycopg
from psycopg import AsyncConnection, AsyncCursor

from adapters.postgres.connection import Rows, execute
from adapters.postgres.connector import Connector
from adapters.postgres.errors import is_of_one_row, is_passing, translated
from application.ports.errors import PortError, StoreUnavailable

_STATEMENT_SECONDS = 1.2  # a connection that is silent for longer is given up: time is left for another
_RECONNECT_PAUSE = 0.1
_REPEATS = 5


class OwnConnection:
    """A connection for one call at a time: made with `settings` when it is first needed, and again after it broke."""

    def __init__(self, connector: Connector, settings: Mapping[str, str]) -> None:
        self._connector = connector
        self._settings = settings
        self._cursor: AsyncCursor[Any] | None = None  # for good: a new one for each run would cost a fifth of it
        self._connecting: asyncio.Task[AsyncConnection[Any]] | None = None

    async def run(
        self, query: str, params: Any, deadline: float, *, cut_off: Literal[False, "unknown"] = "unknown"
    ) -> Rows:
        """Run one statement that is harmless to repeat until its outcome is certain; return its rows.

        It is repeated when the connection broke under it (it may be committed, or not) and after passing troubles.
        Raises psycopg.Error when one row of it is to blame; else StoreUnavailable at `deadline` (loop time) at the
        latest; its `accepted` is `cut_off` once the statement was sent over a connection that then broke.
        """
        accepted: Literal[False, "unknown"] = False
        repeats = 0
        while True:
            try:
                cursor = await self._connected(deadline)
            except (psycopg.Error, StoreUnavailable, TimeoutError) as error:
                if accepted is False or not await _paused(deadline):
                    raise _away(error, accepted) from error
                continue
            try:
                until = min(deadline, asyncio.get_running_loop().time() + _STATEMENT_SECONDS)
                return await execute(cursor, query, params, until)
            except psycopg.Error as error:
                repeats += 1
                if cursor.connection.closed:
                    accepted = cut_off
                elif is_passing(error) and repeats < _REPEATS:
                    continue
                elif is_of_one_row(error):
                    raise
                else:
                    # Such as a server that became read-only: the next connection may meet another.
                    self._connector.forget()
                    await self.close()
                    raise translated(error, accepted) from error

    async def close(self) -> None:
        """Close it; the next run makes a new one."""
        if self._connecting is not None:
            self._connecting.cancel()
            for made in await asyncio.gather(self._connecting, return_exceptions=True):
                if isinstance(made, AsyncConnection):
                    await made.close()
            self._connecting = None
        if self._cursor is not None:
            await self._cursor.connection.close()
            self._cursor = None

    async def _connected(self, deadline: float) -> AsyncCursor[Any]:
        """Return the connection's cursor, or wait for one; an attempt outlives `deadline`, for the next call to find.

        So a server that is slow to answer, or comes second among several hosts, is reached all the same.
        """
        if self._cursor is not None and not self._cursor.connection.closed:
            return self._cursor
        attempt = self._connecting
        if attempt is None or (attempt.done() and attempt.exception()):
            attempt = asyncio.create_task(self._connector.connect(self._settings), name="connect")
        self._connecting = attempt
        await asyncio.wait([attempt], timeout=deadline - asyncio.get_running_loop().time())
        if not attempt.done():
            raise TimeoutError
        self._connecting = None
        self._cursor = attempt.result().cursor()
        return self._cursor


def _away(error: psycopg.Error | StoreUnavailable | TimeoutError, accepted: Literal[False, "unknown"]) -> PortError:
    if isinstance(error, StoreUnavailable):
        return StoreUnavailable(str(error), accepted)
    return translated(error, accepted)


async def _paused(deadline: float) -> bool:
    """Wait a little before the next try; False when no time is left for one."""
    if asyncio.get_running_loop().time() + _RECONNECT_PAUSE >= deadline:
        return False
    await asyncio.sleep(_RECONNECT_PAUSE)
    return True
