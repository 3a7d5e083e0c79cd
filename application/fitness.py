"""Whether this worker can do its work: what the orders in execution report of it, and how many more it may take."""

import asyncio
from math import inf

from application import observe
from application.ports.errors import Overloaded, StoreUnavailable
from application.ports.order_store import OrderStore
from application.ports.system import Clock
from application.venues import Venues

PROBE_SECONDS = 1.0
# No order has this id: to look for it costs the store next to nothing.
_NO_ORDER = "-"


class Fitness:
    """How many more orders may be taken: as many as there are slots, while the store keeps what is recorded.

    A call of the store's that fails, with nothing recorded since it began (so that one order's own trouble is none of
    the others'), ends the taking. Then a read is tried each second. Once one succeeds, one order may be taken on trial,
    and one more for each record that succeeds (reads may do while writes don't), until there were as many as slots.
    `sending` are the orders that are in their venues' hands. `changed` is set when more may be taken.
    """

    def __init__(self, store: OrderStore, venues: Venues, clock: Clock, slots: int) -> None:
        self.sending: set[str] = set()
        self.changed = asyncio.Event()
        self.recorded = 0
        self.away_since: float | None = None
        self._store = store
        self.venues = venues
        self._clock = clock
        self._slots = slots
        self._room: float = inf
        self._failed_at = -inf
        self._taking = "all"
        self._opened = asyncio.Event()

    @property
    def cut_off(self) -> bool:
        """Whether no venue can be reached from here: others, who may reach one, come first."""
        return self.venues.cut_off

    def room(self, free_slots: int) -> int:
        """Return how many orders may be taken now."""
        return int(min(free_slots, self._room))

    def taken(self, orders: int) -> None:
        """Count orders that were taken."""
        self._room = max(0, self._room - orders)

    def store_recorded(self) -> None:
        """Count a record that was kept."""
        self.recorded += 1
        if self._room < inf:
            self._recover()

    def store_failed(self, recorded: int) -> None:
        """Take no more orders, if nothing was `recorded` beyond this when the call that failed had begun."""
        if recorded != self.recorded:
            return
        self._room = 0
        self._failed_at = self._clock.monotonic()
        if self.away_since is None:
            self.away_since = self._failed_at
            self._opened.set()
            self._takes("none")

    def to_hand_back(self, taken_at: float, patience: float) -> bool:
        """Whether an order that was taken then (by the monotonic clock) waits for the store in vain.

        One that was in hand already is patient; one that was taken on trial goes back when the trial failed.
        """
        if self.away_since is None:
            return False
        if taken_at > self.away_since:
            return self._failed_at > taken_at
        return self._clock.monotonic() - self.away_since >= patience

    async def watch(self) -> None:
        """Look for a store that went away, until cancelled."""
        while True:
            await self._opened.wait()
            await self._probe()
            await self._clock.sleep(PROBE_SECONDS)

    async def _probe(self) -> None:
        try:
            await self._store.get(_NO_ORDER)
        except (StoreUnavailable, Overloaded) as error:
            observe.store_away("the worker", error)
            self._takes("none")
            return
        if self.away_since is not None and self._room < 1:
            self._room = 1
            self._takes("trial")
            self.changed.set()

    def _recover(self) -> None:
        self.away_since = None
        self._opened.clear()
        self._room += 1
        if self._room >= self._slots:
            self._room = inf
            self._takes("all")
        self.changed.set()

    def _takes(self, taking: str) -> None:
        if taking != self._taking:
            self._taking = taking
            observe.worker_takes(taking)
