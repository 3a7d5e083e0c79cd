"""Who is there: a server or a worker is away, or gone, when it was silent for a while, not when it was slow once."""

import asyncio
from collections.abc import Sequence
from math import inf

from attrs import define, field

from application import observe
from application.ports.errors import QueueUnavailable
from application.ports.queue_operations import QueueCounts, QueueOperations
from application.ports.system import Clock
from application.ports.workers import GONE_SECONDS, SeenWorker, Workers

ASK_SECONDS = 1.0  # a process that is busy is slow to read the answer, too
AWAY_SECONDS = 5.0


@define(eq=False)
class PresentQueue:
    """The queue's jobs, as it counted them last: a queue is away when no look reached it for AWAY_SECONDS."""

    operations: QueueOperations
    clock: Clock
    _counts: QueueCounts | None = field(default=None, init=False)
    _missed_at: float | None = field(default=None, init=False)  # the first look that did not reach it

    @property
    def answered(self) -> bool:
        """Whether the last look reached it."""
        return self._missed_at is None

    async def __call__(self) -> QueueCounts | None:
        """Return the counts; None when the queue is away, or was never reached. It takes ASK_SECONDS at most."""
        try:
            async with asyncio.timeout(ASK_SECONDS):
                self._counts = await self.operations.counts()
        except (QueueUnavailable, TimeoutError) as error:
            now = self.clock.monotonic()
            if self._missed_at is None:
                self._missed_at = now
            if now - self._missed_at >= AWAY_SECONDS:
                self._counts = None
            if self._counts is None:
                observe.queue_away("the statistics", error)
            return self._counts
        self._missed_at = None
        return self._counts


@define(eq=False)
class PresentWorkers:
    """The workers that reported lately. While the store is away none can: who was there before stays for a while."""

    workers: Workers
    clock: Clock
    _before: Sequence[SeenWorker] = field(default=(), init=False)
    _store_away_at: float = field(default=-inf, init=False)

    async def __call__(self) -> Sequence[SeenWorker]:
        """Return them, longest there first. Raises StoreUnavailable."""
        heard = await self.workers.heard(GONE_SECONDS)
        if self.clock.monotonic() - self._store_away_at >= GONE_SECONDS:
            self._before = heard
            return heard
        names = {seen.state.name for seen in heard}
        return [*heard, *(seen for seen in self._before if seen.state.name not in names)]

    def store_was_away(self) -> None:
        """Note that the store did not answer just now."""
        self._store_away_at = self.clock.monotonic()
