"""What an operator may do with one order: look at it, queue it again, end it."""

from attrs import frozen

from application import observe
from application.errors import OrderIsFinal, OrderMayHaveLanded
from application.execute_order import EXPIRY_MARGIN, is_dead_if_unknown
from application.frames import Frame
from application.ports.dex_gateway import DexGateway
from application.ports.errors import QueueUnavailable, StaleOrder, VenueUnavailable
from application.ports.order_queue import OrderQueue
from application.ports.order_store import OrderStore
from application.ports.queue_operations import Job, QueueOperations
from application.ports.system import Clock, Ids
from application.ports.update_feed import UpdateFeed
from application.query_orders import QueryOrders
from domain.events import Stamp
from domain.order import Order
from domain.status import FailureReason, OrderStatus
from domain.transaction import TransactionStatus


@frozen
class OrderReport:
    """All that is known of an order. `job` is None when the queue does not have it, or was not reached (`asked`)."""

    order: Order
    frames: tuple[Frame, ...]
    job: Job | None
    asked: bool


@frozen
class FailedOrder:
    """An order that an operator ended, now or before. `dead_letter`: dropped, or there was none, or nobody knows."""

    order: Order
    dead_letter: bool | None


@frozen
class OperateOrders:
    """The operator's part. Every write is a compare-and-set like a worker's: of both, exactly one wins a version."""

    store: OrderStore
    queue: OrderQueue
    operations: QueueOperations
    feed: UpdateFeed
    gateway: DexGateway
    clock: Clock
    ids: Ids

    async def show(self, order_id: str) -> OrderReport:
        """Tell all about an order, as far as the queue can be reached. Raises OrderNotFound."""
        query = QueryOrders(self.store)
        order = await query.get(order_id)
        frames = await query.events(order.order_id, None)
        try:
            return OrderReport(order, frames, await self.operations.find(order.order_id), asked=True)
        except QueueUnavailable as error:
            observe.queue_away("an operator's question", error)
            return OrderReport(order, frames, None, asked=False)

    async def requeue(self, order_id: str) -> Job | None:
        """Put an open order in the queue unless it is there; return the job that was there already.

        Raises OrderNotFound, OrderIsFinal, QueueUnavailable.
        """
        order = await QueryOrders(self.store).get(order_id)
        if order.status.is_final:
            raise OrderIsFinal(order.status)
        job = await self.operations.find(order.order_id)
        if job is None:
            await self.queue.put((order.order_id,))
        return job

    async def fail(self, order_id: str) -> FailedOrder:
        """End an order as failed, with `internal_error`, and drop its dead letter. Safe to repeat.

        Raises OrderNotFound; OrderIsFinal when it is confirmed; OrderMayHaveLanded when its transaction did, or may
        still.
        """
        order = await self._end(order_id)
        try:
            return FailedOrder(order, await self.operations.forget(order.order_id))
        except QueueUnavailable as error:
            observe.queue_away("a dead letter", error)
            return FailedOrder(order, None)

    async def _end(self, order_id: str) -> Order:
        while True:
            order = await QueryOrders(self.store).get(order_id)
            if order.status is OrderStatus.FAILED:
                return order
            if order.status.is_final:
                raise OrderIsFinal(order.status)
            if order.status is OrderStatus.SUBMITTED:
                await self._refuse_unless_dead(order)
            stamp = Stamp(self.ids.event(), self.clock.now())
            failed, event = order.fail(stamp, FailureReason.INTERNAL_ERROR)
            try:
                frame = await self.store.append(failed, event)
            except StaleOrder:
                continue  # a worker took a step first; an order has only so many of them
            observe.step_stored(order, event)
            observe.order_failed_by_operator(order.order_id, order.status)
            self.feed.publish((frame,))
            return failed

    async def _refuse_unless_dead(self, order: Order) -> None:
        """Raise OrderMayHaveLanded unless the venue rejected the transaction, or can never take it any more."""
        transaction = order.transaction
        if transaction is None:
            raise OrderMayHaveLanded("its transaction is not known here; a person has to look at the venue")
        if transaction.venue not in self.gateway.venues:
            raise OrderMayHaveLanded(f"{transaction.venue} is not among the venues that the settings here name")
        asked_at = self.clock.now()
        try:
            report = await self.gateway.lookup(transaction)
        except VenueUnavailable as error:
            raise OrderMayHaveLanded(f"{transaction.venue} does not tell what became of it") from error
        match report.status:
            case TransactionStatus.REJECTED:
                return
            case TransactionStatus.UNKNOWN:
                if is_dead_if_unknown(transaction, asked_at):
                    return
                seconds = (transaction.expires_at + EXPIRY_MARGIN - asked_at).total_seconds()
                raise OrderMayHaveLanded(
                    f"{transaction.venue} does not know it, but takes it until it expires; try again in {seconds:.0f} s"
                )
            case TransactionStatus.LANDED:
                raise OrderMayHaveLanded("the swap has landed, and a worker will confirm the order")
        raise OrderMayHaveLanded("the swap is on its way, and a worker will end the order")
