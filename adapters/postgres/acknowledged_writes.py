"""What the server acknowledged to this process last, and a look for it over each new connection.

Postgres' log is a prefix of what it was: a server that has a write has all those before it. So a server that lacks the
last one, a standby that was behind when it was promoted, say, is found out by one look. See ADR 10.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from math import inf
from operator import itemgetter
from typing import Any

from attrs import frozen
from psycopg import AsyncConnection

from adapters.postgres.connection import STATEMENT_SECONDS, execute
from adapters.postgres.halt_statements import MISSING, SERVER
from adapters.postgres.rows import in_json
from application.observe import trading as observe

# A write is not looked for after a day: whoever deletes old orders must not halt an idle process.
REMEMBERED_SECONDS = 86_400.0
# How long after a change of servers others may still find that a write of theirs is lost.
SETTLING_SECONDS = 2.0

Write = tuple[str, int]  # an order's id, and the version that is there now or was passed


@frozen
class Server:
    """A server that takes writes, in one of its lives."""

    timeline: int
    started: str

    def __str__(self) -> str:
        return f"timeline {self.timeline}, started {self.started}"


@frozen
class Lost:
    """A write that is gone: why trading must halt, and when (by this process's `time`) it was acknowledged."""

    why: str
    written_at: float
    timeline: int


class AcknowledgedWrites:
    """Remembers the last write of each kind of call, and says in `lost` once a server lacks one.

    A server in recovery is not judged: a replica may lag. After a loss nothing is remembered until it is settled.
    """

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        self.lost: Lost | None = None
        self.server: Server | None = None
        self.in_recovery = False  # at the last look
        self.seconds = seconds
        self._last: dict[str, tuple[Callable[[], Write], float]] = {}
        self._changed_at = -inf
        self._shared_at = -inf

    @property
    def settling(self) -> bool:
        """Whether another server answers since a moment ago."""
        return self.seconds() - self._changed_at < SETTLING_SECONDS

    def note(self, kind: str, write: Callable[[], Write]) -> None:
        """Remember that a write of this kind was acknowledged; `write` is asked which, if it is ever looked for."""
        if self.lost is None:
            self._last[kind] = (write, self.seconds())

    def settle(self) -> None:
        """Begin anew: an operator has seen to what is lost."""
        self.lost = None
        self._last.clear()

    def newest(self) -> Write | None:
        """Return the newest write since this was last asked; None without one."""
        if not self._last or self.lost is not None:
            return None
        write, at = max(self._last.values(), key=itemgetter(1))
        if at <= self._shared_at:
            return None
        self._shared_at = at
        return write()

    def lose(self, write: Write, seconds_ago: float) -> None:
        """Say that a write is lost which was acknowledged so long ago, perhaps to another process."""
        if self.lost is None and self.server is not None:
            self._lose(write, self.seconds() - seconds_ago, self.server.timeline)

    async def look(self, connection: AsyncConnection[Any]) -> None:
        """See whether the server of a new connection has all that was acknowledged. Raises psycopg.Error."""
        until = asyncio.get_running_loop().time() + STATEMENT_SECONDS
        cursor = connection.cursor()
        [(timeline, started)] = await execute(cursor, SERVER, (), until)
        self.in_recovery = timeline is None
        if timeline is None:
            return
        self._meet(Server(timeline, started))
        since = self.seconds() - REMEMBERED_SECONDS
        recent = {write(): at for write, at in list(self._last.values()) if at > since}
        if not recent or self.lost is not None:
            return
        if missing := await execute(cursor, MISSING, rows_of_writes(recent), until):
            write = max(missing, key=recent.__getitem__)
            self._lose(write, recent[write], timeline)

    def _meet(self, server: Server) -> None:
        if self.server not in (None, server):
            observe.store_server_changed(str(self.server), str(server))
            self._changed_at = self.seconds()
        self.server = server

    def _lose(self, write: Write, written_at: float, timeline: int) -> None:
        order_id, version = write
        why = (
            f"order {order_id} was acknowledged at version {version} and is not there any more: the database went back "
            f"(now {self.server})"
        )
        self.lost = Lost(why, written_at, timeline)
        observe.log_went_back(why)


def rows_of_writes(writes: Iterable[Write]) -> tuple[str]:
    """Return what MISSING takes."""
    return in_json([{"order_id": order_id, "version": version} for order_id, version in writes])
