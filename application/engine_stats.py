"""How much there is to do, and how much room is left: for dashboards, asked often, so read at most once a second."""

import asyncio
from collections.abc import Mapping
from math import inf

from attrs import define, field, frozen

from application import observe
from application.caller import Caller, Scope
from application.ports.errors import QueueUnavailable, StoreUnavailable
from application.ports.order_store import Backlog, IdRanges, OrderStore
from application.ports.partial_halts import HaltOf
from application.ports.queue_operations import QueueCounts, QueueOperations
from application.ports.system import Clock
from application.ports.trading_halts import Halt
from application.trading_gate import TradingGate

FRESH_SECONDS = 1.0
QUEUE_SECONDS = 0.2
# Ids are used up in weeks at the soonest.
ID_RANGES_FRESH_SECONDS = 60.0
ID_RANGE_LOW = 0.8


@frozen
class Stats:
    """Orders neither final nor resting, the age of the oldest pending one, and the queue's jobs (None: it is away).

    `halt` is why nothing is traded now, None while it is.
    """

    open: int
    oldest_pending_seconds: float | None
    queue: QueueCounts | None
    halt: Halt | None = None


@frozen
class EngineSnapshot:
    """What could be found out: the queue's jobs (None: it is away) also when the store did not answer."""

    stats: Stats | StoreUnavailable
    queue: QueueCounts | None
    halted: bool = False
    parts_halted: Mapping[HaltOf, int] = field(factory=dict)
    id_ranges_used: Mapping[str, float] = field(factory=dict)


@define(eq=False)
class EngineStats:
    """Reads store and queue for all callers: who asks while or soon after another did gets the same answer."""

    store: OrderStore
    operations: QueueOperations
    clock: Clock
    id_ranges: IdRanges
    gate: TradingGate
    _snapshot: EngineSnapshot | None = None
    _answered_at: float = 0.0
    _id_ranges_used: Mapping[str, float] = field(factory=dict)
    _id_ranges_read_at: float = -inf
    _reading: asyncio.Lock = field(factory=asyncio.Lock)

    async def __call__(self, caller: Caller) -> Stats:
        """Return the present state, up to a second old; a queue that is away or hangs costs 200 ms at most.

        Raises StoreUnavailable, also for a second after the store was found away.
        """
        caller.require_overview()
        stats = (await self._fresh()).stats
        if isinstance(stats, StoreUnavailable):
            raise StoreUnavailable(str(stats)) from stats
        return stats

    async def snapshot(self, caller: Caller) -> EngineSnapshot:
        """Return what could be found out, as fresh and as soon; a server that is away is no error."""
        caller.require(Scope.ADMIN)
        return await self._fresh()

    async def warn_of_id_ranges(self) -> None:
        """Warn of ids that are nearly used up, once; if the store is away, when it is back."""
        while (used := await self._used()) is None:
            await self.clock.sleep(FRESH_SECONDS)
        for table, share in used.items():
            if share >= ID_RANGE_LOW:
                observe.id_range_low(table, share)

    async def _fresh(self) -> EngineSnapshot:
        async with self._reading:
            if self._snapshot is None or self.clock.monotonic() - self._answered_at >= FRESH_SECONDS:
                self._snapshot = await self._read()
                self._answered_at = self.clock.monotonic()
            return self._snapshot

    async def _read(self) -> EngineSnapshot:
        backlog, counts, used = await asyncio.gather(self._backlog(), self._counts(), self._used())
        halted, parts = self.gate.why_shut is not None, self.gate.parts.counted
        if isinstance(backlog, StoreUnavailable):
            return EngineSnapshot(backlog, counts, halted, parts)
        since = backlog.oldest_pending_at
        waited = None if since is None else max(0.0, (self.clock.now() - since).total_seconds())
        return EngineSnapshot(Stats(backlog.open, waited, counts, self.gate.halt), counts, halted, parts, used or {})

    async def _backlog(self) -> Backlog | StoreUnavailable:
        try:
            return await self.store.backlog()
        except StoreUnavailable as error:
            return error

    async def _used(self) -> Mapping[str, float] | None:
        now = self.clock.monotonic()
        if now - self._id_ranges_read_at >= ID_RANGES_FRESH_SECONDS:
            try:
                self._id_ranges_used = await self.id_ranges.id_ranges_used()
            except StoreUnavailable:
                return None
            self._id_ranges_read_at = now
        return self._id_ranges_used

    async def _counts(self) -> QueueCounts | None:
        try:
            async with asyncio.timeout(QUEUE_SECONDS):
                return await self.operations.counts()
        except (QueueUnavailable, TimeoutError) as error:
            observe.queue_away("the statistics", error)
            return None
