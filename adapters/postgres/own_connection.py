"""A connection that is always there, or its absence reported in time."""

import asyncio
from collections.abc import Mapping
from copy import copy
from math import inf
from typing import Any, Literal

import psycopg
from psycopg import AsyncCursor

from adapters.postgres.connection import STATEMENT_SECONDS, Rows, execute
from adapters.postgres.connector import Connector
from adapters.postgres.errors import is_of_one_row, is_passing, translated
from adapters.postgres.sessions import Session
from application.ports.errors import PortError, StoreUnavailable

_RECONNECT_PAUSE = 0.1
_REPEATS = 5


class OwnConnection:
    """A connection for one call at a time: made with `settings` when it is first needed, and again after it broke."""

    def __init__(self, connector: Connector, settings: Mapping[str, str]) -> None:
        self._connector = connector
        self._settings = settings
        # With its cursor, for good: a new one for each run would cost a fifth of it.
        self._session: tuple[Session, AsyncCursor[Any]] | None = None
        self._connecting: asyncio.Task[Session] | None = None

    async def connect(self) -> None:
        """Connect, if it is not, for as long as it takes to ask all hosts. Raises StoreUnavailable."""
        try:
            await self._connected(inf)
        except psycopg.Error as error:
            raise translated(error) from error

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
                session, cursor = await self._connected(deadline)
            except (psycopg.Error, StoreUnavailable, TimeoutError) as error:
                if accepted is False or not await _paused(deadline):
                    raise _away(error, accepted) from error
                continue
            try:
                until = min(deadline, asyncio.get_running_loop().time() + STATEMENT_SECONDS)
                rows = await execute(cursor, query, params, until)
                if not session.committed_here_only:
                    return rows
                # As good as a connection that broke: nobody knows whether it will stay.
                await self._leave(session)
                accepted = cut_off
            except psycopg.Error as error:
                repeats += 1
                if session.closed:
                    await self._leave(session)
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
        """Close it, whoever waits for it; the next run makes a new one."""
        attempt, self._connecting = self._connecting, None
        kept, self._session = self._session, None
        if attempt is not None:
            attempt.cancel()
            for made in await asyncio.gather(attempt, return_exceptions=True):
                if isinstance(made, Session):
                    await made.close()
        if kept is not None:
            await kept[0].close()

    async def _leave(self, session: Session) -> None:
        """Close it, and have the next session see to it that the server does, too."""
        self._connector.left_behind(session)
        await self.close()

    async def _connected(self, deadline: float) -> tuple[Session, AsyncCursor[Any]]:
        """Return the session, or wait for one; an attempt outlives `deadline`, for the next call to find.

        So a server that is slow to answer, or comes second among several hosts, is reached all the same.
        """
        if self._session is not None and not self._session[0].closed:
            return self._session
        attempt = self._connecting
        if attempt is None or (attempt.done() and attempt.exception()):
            attempt = asyncio.create_task(self._connector.connect(self._settings), name="connect")
        self._connecting = attempt
        patience = None if deadline == inf else deadline - asyncio.get_running_loop().time()
        await asyncio.wait([attempt], timeout=patience)
        if not attempt.done():
            raise TimeoutError
        self._connecting = None
        if attempt.cancelled():  # by `close`: a cancellation of our own would end the caller's task without a word
            raise psycopg.OperationalError("it was closed while it was made")
        session = attempt.result()
        self._session = session, session.cursor()
        return self._session


def _away(error: psycopg.Error | StoreUnavailable | TimeoutError, accepted: Literal[False, "unknown"]) -> PortError:
    if not isinstance(error, StoreUnavailable):
        return translated(error, accepted)
    error = copy(error)
    error.accepted = accepted
    return error


async def _paused(deadline: float) -> bool:
    """Wait a little before the next try; False when no time is left for one."""
    if asyncio.get_running_loop().time() + _RECONNECT_PAUSE >= deadline:
        return False
    await asyncio.sleep(_RECONNECT_PAUSE)
    return True
