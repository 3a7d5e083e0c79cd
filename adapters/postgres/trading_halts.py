"""Halts in Postgres: rows that every process looks for."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from adapters.postgres import halt_statements as statements
from adapters.postgres.acknowledged_writes import REMEMBERED_SECONDS, AcknowledgedWrites, Server, rows_of_writes
from adapters.postgres.audit import entries_param
from adapters.postgres.connection import Rows
from adapters.postgres.read_pool import ReadPool
from adapters.postgres.rows import storable
from adapters.postgres.times import utc
from application.ports.audit import AuditEntry
from application.ports.trading_halts import Halt
from application.ports.write_marks import WriteMark


class PostgresTradingHalts:
    """Halts, and what `writes` found lost: that is begun as a halt by each look until the server keeps it.

    `pool` is asked often and for little, so nothing slow may share it. `holder` is this process's name.
    """

    def __init__(self, pool: ReadPool, writes: AcknowledgedWrites, holder: str) -> None:
        self._pool = pool
        self._writes = writes
        self._holder = holder
        self._names: dict[Server, tuple[str, str]] = {}  # of the server that answers now

    @property
    def found(self) -> str | None:
        return self._writes.lost.why if self._writes.lost else None

    @property
    def settling(self) -> bool:
        return self._writes.settling

    async def current(self) -> Halt | None:
        if self._writes.in_recovery:
            await self._pool.close()  # it may have been promoted since: look again
        halt = await self._current()
        if lost := self._writes.lost:
            age = self._writes.seconds() - lost.written_at
            if halt is None or not halt.lost_writes:
                await self._pool.run(statements.START_LOST, (lost.why, self._holder, lost.timeline, age))
                halt = await self._current()
            if halt is None:
                self._writes.settle()
        return halt

    async def start(self, why: str, act: AuditEntry, *, lost_writes: bool = False) -> Halt:
        while True:
            values = (storable(why), storable(act.who), lost_writes, entries_param(act))
            await self._pool.change(statements.START, values)
            if halt := await self._current():
                return halt

    async def end(self, act: AuditEntry) -> Halt | None:
        return _halt_of(await self._pool.change(statements.END, (storable(act.who), entries_param(act))))

    async def mark(self, at: datetime) -> WriteMark | None:
        server, write = self._writes.server, self._writes.newest()
        if server is None or write is None or (identity := await self._identity()) is None:
            return None
        return WriteMark(*identity, server.timeline, *write, at)

    async def compare(self, marks: Sequence[WriteMark]) -> None:
        if not marks:
            return
        identity = await self._identity()
        [(now,)] = await self._pool.run("SELECT clock_timestamp()", ())
        server = self._writes.server
        if server is None:  # it is in recovery
            return
        since = now - timedelta(seconds=REMEMBERED_SECONDS)
        ours = [
            mark
            for mark in marks
            if (mark.system, mark.database) == identity and mark.timeline < server.timeline and mark.at > since
        ]
        by_write = {(mark.order_id, mark.version): mark for mark in reversed(ours)}
        missing = await self._pool.run(statements.MISSING, rows_of_writes(by_write))
        if missing:
            newest = max((by_write[write] for write in missing), key=lambda mark: mark.at)
            age = (now - newest.at).total_seconds()
            self._writes.lose((newest.order_id, newest.version), max(0.0, age))

    async def hold(self, order_ids: Collection[str], act: AuditEntry) -> int:
        return len(await self._pool.change(statements.HOLD, (list(order_ids), entries_param(act))))

    async def release(self, order_id: str, act: AuditEntry) -> bool:
        return bool(await self._pool.change(statements.RELEASE, (order_id, entries_param(act))))

    async def _identity(self) -> tuple[str, str] | None:
        """Return the names of system and database; None when this role may not ask for them."""
        server = self._writes.server
        if server is not None and server in self._names:
            return self._names[server]
        [(may_ask,)] = await self._pool.run(statements.MAY_ASK, ())
        if not may_ask:
            return None
        [(system, database)] = await self._pool.run(statements.IDENTITY, ())
        if server is not None and server == self._writes.server:  # it did not change meanwhile
            self._names = {server: (system, database)}
        return system, database

    async def _current(self) -> Halt | None:
        return _halt_of(await self._pool.run(statements.CURRENT, ()))


def _halt_of(rows: Rows) -> Halt | None:
    for since, why, by, lost_writes, seconds in rows:
        return Halt(utc(since), why, by, lost_writes, seconds)
    return None
