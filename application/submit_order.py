"""Take an order: safe in the store first, then told and queued."""

from attrs import frozen

from application import observe
from application.frames import birth_frame
from application.ports.errors import QueueUnavailable
from application.ports.order_queue import OrderQueue
from application.ports.order_store import Admission, OrderStore
from application.ports.system import Clock, Ids
from application.ports.update_feed import UpdateFeed
from domain.order import Order
from domain.order_request import OrderRequest


@frozen
class SubmitOrder:
    """The accept path. An order that was admitted is durable, whatever happens to the queue."""

    store: OrderStore
    queue: OrderQueue
    feed: UpdateFeed
    clock: Clock
    ids: Ids

    async def __call__(self, request: OrderRequest, idempotency_key: str | None = None) -> Admission:
        """Store a new order and queue it; return it, or the earlier equal one (`replayed`).

        Raises what `OrderStore.add` raises. A queue that is away is not an error: the sweep puts the order.
        """
        order = Order.new(self.ids.new(), request, self.clock.now())
        admission = await self.store.add(order, idempotency_key)
        observe.order_accepted(admission.order_id, order.user_id, admission.replayed)
        if not admission.replayed:
            self.feed.publish((birth_frame(order),))
            try:
                await self.queue.put((order.order_id,))
            except QueueUnavailable as error:
                observe.order_not_queued(order.order_id, error)
        return admission
