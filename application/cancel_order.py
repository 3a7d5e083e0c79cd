"""Stop an order before its transaction is submitted."""

from attrs import frozen

from application import observe
from application.errors import OrderNotCancellable
from application.ports.errors import StaleOrder
from application.ports.order_store import OrderStore
from application.ports.system import Clock, Ids
from application.ports.update_feed import UpdateFeed
from application.query_orders import QueryOrders
from domain.errors import IllegalTransition
from domain.events import Stamp
from domain.order import Order
from domain.status import FailureReason


@frozen
class CancelOrder:
    """Races the worker through the store's compare-and-set: exactly one of them wins each version."""

    store: OrderStore
    feed: UpdateFeed
    clock: Clock
    ids: Ids

    async def __call__(self, order_id: str) -> Order:
        """Stop the order and return it as failed. Raises OrderNotFound, OrderNotCancellable."""
        while True:
            order = await QueryOrders(self.store).get(order_id)
            try:
                cancelled, event = order.fail(Stamp(self.ids.event(), self.clock.now()), FailureReason.CANCELLED)
            except IllegalTransition:
                raise OrderNotCancellable(order.status) from None
            try:
                frame = await self.store.append(cancelled, event)
            except StaleOrder:
                continue  # the worker took a step first; an order has only so many of them
            observe.step_stored(order, event)
            self.feed.publish((frame,))
            return cancelled
