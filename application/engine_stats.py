"""How much there is to do, who does it, and how much room is left: asked often, so read at most once a second."""

import asyncio
from collections.abc import Mapping, Sequence

from attrs import define, field, frozen

from application import observe
from application.caller import Caller, Scope
from application.ports.errors import StoreUnavailable
from application.ports.order_counts import Counts, OrderCounts
from application.ports.order_store import Backlog, IdRanges, OrderStore
from application.ports.partial_halts import HaltOf
from application.ports.queue_operations import QueueCounts, QueueOperations
from application.ports.system import Clock
from application.ports.trading_halts import Halt
from application.ports.workers import SeenWorker, Workers
from application.present_servers import PresentQueue, PresentWorkers
from application.remembered import Remembered
from application.trading_gate import TradingGate

FRESH_SECONDS = 1.0
# Ids are used up in weeks at the soonest.
ID_RANGES_FRESH_SECONDS = 60.0
WINDOWS_FRESH_SECONDS = 5.0  # as often as processes report their counts
ID_RANGE_LOW = 0.8


@frozen
class Stats:
    """Orders neither final nor resting, the age of the oldest pending one, and the queue's jobs (None: it is away).

    `windows` are the orders that were taken and ended lately, `workers` those that are there. `halt` is why nothing is
    traded now, None while it is.
    """

    open: int
    oldest_pending_seconds: float | None
    queue: QueueCounts | None
    windows: Mapping[str, Counts]
    workers: Sequence[SeenWorker]
    halt: Halt | None = None


@frozen
class EngineSnapshot:
    """What could be found out: the queue's jobs (None: it did not answer just now) also without the store's part."""

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
    counts: OrderCounts
    workers: Workers
    _snapshot: Remembered[EngineSnapshot] = field(init=False)
    _windows: Remembered[Mapping[str, Counts]] = field(init=False)
    _ids: Remembered[Mapping[str, float]] = field(init=False)
    _present_queue: PresentQueue = field(init=False)
    _present_workers: PresentWorkers = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._snapshot = Remembered(self._read, self.clock, FRESH_SECONDS)
        self._windows = Remembered(self.counts.windows, self.clock, WINDOWS_FRESH_SECONDS)
        self._ids = Remembered(self.id_ranges.id_ranges_used, self.clock, ID_RANGES_FRESH_SECONDS)
        self._present_queue = PresentQueue(self.operations, self.clock)
        self._present_workers = PresentWorkers(self.workers, self.clock)

    async def __call__(self, caller: Caller) -> Stats:
        """Return the present state, up to a second old; a queue that is away or hangs costs a second at most.

        Raises StoreUnavailable, also for a second after the store was found away.
        """
        caller.require_overview()
        stats = (await self._snapshot()).stats
        if isinstance(stats, StoreUnavailable):
            raise StoreUnavailable(str(stats)) from stats
        return stats

    async def snapshot(self, caller: Caller) -> EngineSnapshot:
        """Return what could be found out, as fresh and as soon; a server that is away is no error."""
        caller.require(Scope.ADMIN)
        return await self._snapshot()

    async def warn_of_id_ranges(self) -> None:
        """Warn of ids that are nearly used up, once; if the store is away, when it is back."""
        while (used := await self._used()) is None:
            await self.clock.sleep(FRESH_SECONDS)
        for table, share in used.items():
            if share >= ID_RANGE_LOW:
                observe.id_range_low(table, share)

    async def _read(self) -> EngineSnapshot:
        kept, queue, used = await asyncio.gather(self._kept(), self._present_queue(), self._used())
        just_now = queue if self._present_queue.answered else None
        halted, parts = self.gate.why_shut is not None, self.gate.parts.counted
        if isinstance(kept, StoreUnavailable):
            return EngineSnapshot(kept, just_now, halted, parts)
        backlog, windows, workers = kept
        since = backlog.oldest_pending_at
        waited = None if since is None else max(0.0, (self.clock.now() - since).total_seconds())
        stats = Stats(backlog.open, waited, queue, windows, workers, self.gate.halt)
        return EngineSnapshot(stats, just_now, halted, parts, used or {})

    async def _kept(self) -> tuple[Backlog, Mapping[str, Counts], Sequence[SeenWorker]] | StoreUnavailable:
        try:
            return await self.store.backlog(), await self._windows(), await self._present_workers()
        except StoreUnavailable as error:
            self._present_workers.store_was_away()
            return error

    async def _used(self) -> Mapping[str, float] | None:
        try:
            return await self._ids()
        except StoreUnavailable:
            return None
