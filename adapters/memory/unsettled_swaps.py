"""The swaps of an in-memory store that their chain may still undo."""

from datetime import datetime, timedelta

from attrs import define, evolve

from adapters.memory.order_store import InMemoryOrderStore
from application.ports.finality import Settlement, Unsettled, UnsettledPage
from application.ports.system import Clock


@define(eq=False)
class InMemoryUnsettledSwaps:
    """Finds them among the executions of `store`, and keeps there how they ended."""

    clock: Clock
    store: InMemoryOrderStore
    _began_at: datetime | None = None

    async def unsettled(self, after: str | None, limit: int, apart_seconds: float) -> UnsettledPage:
        if after is None and not self._takes_turn(timedelta(seconds=apart_seconds)):
            return UnsettledPage((), None)
        order_ids = [execution.order_id for execution in self.store.executions]
        later = self.store.executions[order_ids.index(after) + 1 if after is not None else 0 :]
        open_ones = [each for each in later if each.order_id in self.store.unsettled][:limit]
        swaps = tuple(Unsettled(self.store.unsettled[each.order_id], each.fill, each.at) for each in open_ones)
        return UnsettledPage(swaps, open_ones[-1].order_id if len(open_ones) == limit else None)

    async def settle(self, order_id: str, settlement: Settlement) -> bool:
        if self.store.unsettled.pop(order_id, None) is None:
            return False
        [index] = [n for n, each in enumerate(self.store.executions) if each.order_id == order_id]
        kept = self.store.executions[index]
        self.store.executions[index] = evolve(kept, finality=settlement.finality, fill=settlement.fill or kept.fill)
        return True

    def _takes_turn(self, apart: timedelta) -> bool:
        now = self.clock.now()
        if self._began_at is not None and timedelta() <= now - self._began_at < apart:
            return False
        self._began_at = now
        return True
