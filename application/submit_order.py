"""Take an order: safe in the store first, then told and queued."""

import asyncio

from attrs import field, frozen

from application import observe
from application.frames import birth_frame
from application.ports.order_queue import OrderQueue
from application.ports.order_store import Admission, OrderStore
from application.ports.system import Clock, Ids
from application.ports.update_feed import UpdateFeed
from domain.order import Order
from domain.order_request import OrderRequest


@frozen
class SubmitOrder:
    """The accept path. An order that was admitted is durable; its answer does not wait for the queue."""

    store: OrderStore
    queue: OrderQueue
    feed: UpdateFeed
    clock: Clock
    ids: Ids
    _born: list[Order] = field(factory=list, init=False)  # and not told yet

    async def __call__(self, request: OrderRequest, idempotency_key: str | None = None) -> Admission:
        """Store a new order and queue it; return it, or the earlier equal one (`replayed`).

        Raises what `OrderStore.add` raises.
        """
        order = Order.new(self.ids.new(), request, self.clock.now())
        admission = await self.store.add(order, idempotency_key)
        observe.order_accepted(admission.order_id, order.user_id, admission.replayed)
        if not admission.replayed:
            if not self._born:
                asyncio.get_running_loop().call_soon(self._tell)
            self._born.append(order)
            self.queue.put_soon(order.order_id)
        return admission

    def _tell(self) -> None:
        """Publish the births of orders that were admitted in one turn of the event loop: half the cost of singly."""
        born = tuple(self._born)
        self._born.clear()
        self.feed.publish([birth_frame(order) for order in born])
