"""The sweep: give every open order that stands still back to the queue."""

from attrs import frozen

from application import observe
from application.ports.errors import Overloaded, QueueUnavailable, StoreUnavailable
from application.ports.order_queue import OrderQueue
from application.ports.order_store import OrderStore
from application.ports.system import Clock

PAGE = 1000


@frozen
class RecoverOrders:
    """Finds what a crash or a forgetful Redis left behind. Jobs that are in the queue already stay as they are."""

    store: OrderStore
    queue: OrderQueue
    clock: Clock
    idle_seconds: float

    async def __call__(self) -> int:
        """Sweep once through all open orders; return how many idle ones were not in the queue."""
        count, after = 0, None
        while True:
            page = await self.store.open_orders(after, PAGE, self.idle_seconds)
            if page.order_ids:
                count += await self.queue.put(page.order_ids)
            if page.next_after is None:
                observe.orders_put_back(count)
                return count
            after = page.next_after

    async def run(self) -> None:
        """Sweep at once, then again and again, until cancelled; waits out a store or queue that is away."""
        while True:
            started = self.clock.monotonic()
            try:
                await self()
            except (StoreUnavailable, Overloaded) as error:
                observe.store_away("the sweep", error)
            except QueueUnavailable as error:
                observe.queue_away("the sweep", error)
            # A long backlog is looked through less often: a sweep may take a tenth of the time, no more.
            pause = 10 * (self.clock.monotonic() - started)
            await self.clock.sleep(min(max(pause, self.idle_seconds / 3), self.idle_seconds))
