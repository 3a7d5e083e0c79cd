"""What an operator may do with one order: look at it, queue it again, end it."""

from attrs import frozen

from application import observe
from application.audited import audited
from application.caller import Caller, Scope, find_order
from application.errors import (
    OrderDoesNotRun,
    OrderIsDeadLetter,
    OrderIsFinal,
    OrderMayHaveLanded,
    OrderNotDeadLetter,
    SwapNotConfirmable,
)
from application.frames import Frame, birth_frame
from application.ports.audit import Audit, Facts
from application.ports.errors import QueueUnavailable, StaleOrder, TransactionUsed, VenueUnavailable
from application.ports.order_queue import OrderQueue
from application.ports.order_store import OrderStore
from application.ports.queue_operations import Job, JobPlace, QueueOperations
from application.ports.system import Clock, Ids
from application.record_step import RecordStep
from application.venues import Venues
from domain.events import Stamp
from domain.order import Order
from domain.status import FailureReason, OrderStatus
from domain.transaction import Fill, TransactionStatus

_HELD = (
    "it is held: it was adopted unfinished, and `migrate --adopt-open` releases it, unless its amount is 0 or it was "
    "submitted, and then its venue tells what became of it; or it was open when the database went back, and may have "
    "been swapped: look at the venues, then `orders release` or `orders fail` it; or its venue said what cannot be"
)
_RESTING = "it is resting, and is queued when its price is reached; `orders cancel` and `orders fail` end it"


@frozen
class OrderReport:
    """All that is known of an order. `job` is None when the queue does not have it, or was not reached (`asked`)."""

    order: Order
    frames: tuple[Frame, ...]
    job: Job | None
    asked: bool


@frozen
class QueuedOrder:
    """An order that is in the queue: `job` is the one that was there already, None when it was put there now."""

    order: Order
    job: Job | None


@frozen
class FailedOrder:
    """An order that an operator ended, now or before. `dead_letter`: dropped, or there was none, or nobody knows."""

    order: Order
    dead_letter: bool | None


@frozen
class OperateOrders:
    """The operator's part. Every write is a compare-and-set like a worker's: of both, exactly one wins a version.

    A `reason` is kept with the record of the act.
    """

    store: OrderStore
    queue: OrderQueue
    operations: QueueOperations
    record_step: RecordStep
    venues: Venues
    clock: Clock
    ids: Ids
    audit: Audit

    async def show(self, caller: Caller, order_id: str) -> OrderReport:
        """Return all that is known of an order, as far as the queue can be reached. Raises OrderNotFound."""
        caller.require(Scope.ADMIN)
        order = await find_order(self.store, caller, order_id)
        frames = (birth_frame(order), *await self.store.events(order.order_id, 0))
        try:
            return OrderReport(order, frames, await self.operations.find(order.order_id), asked=True)
        except QueueUnavailable as error:
            observe.queue_away("an operator's question", error)
            return OrderReport(order, frames, None, asked=False)

    async def requeue(self, caller: Caller, order_id: str, reason: str | None = None) -> QueuedOrder:
        """Put an order that runs in the queue unless it is there.

        Raises OrderNotFound, OrderIsFinal, OrderDoesNotRun, OrderIsDeadLetter, QueueUnavailable, StoreUnavailable.
        """
        caller.require(Scope.ADMIN)
        order = await find_order(self.store, caller, order_id)
        if order.status.is_final:
            raise OrderIsFinal(order.status)
        if not order.runs:
            raise OrderDoesNotRun(_HELD if order.held else _RESTING)
        job = await self.operations.find(order.order_id)
        if job is None:
            act = caller.act("orders.requeue", order.order_id, after=_why(reason))
            await audited(self.audit, act, lambda: self.queue.put((order.order_id,)))
        elif job.place is JobPlace.BURIED:
            raise OrderIsDeadLetter
        return QueuedOrder(order, job)

    async def revive(self, caller: Caller, order_id: str, reason: str | None = None) -> Order:
        """Put an order's dead letter back with a fresh count of deliveries.

        Raises OrderNotFound, OrderNotDeadLetter, QueueUnavailable, StoreUnavailable.
        """
        caller.require(Scope.ADMIN)
        order = await find_order(self.store, caller, order_id)
        act = caller.act("queue.revive", order.order_id, after=_why(reason))
        if not await audited(self.audit, act, lambda: self.operations.revive(order.order_id)):
            raise OrderNotDeadLetter
        return order

    async def fail(
        self, caller: Caller, order_id: str, reason: str | None = None, *, not_landed: bool = False
    ) -> FailedOrder:
        """End an order as failed, with `internal_error`, and drop its dead letter. Safe to repeat.

        Of a held order the caller may say, whatever its venue does, that its transaction has `not_landed` and cannot:
        on a chain only if that does not say otherwise.
        Raises OrderNotFound; OrderIsFinal when it is confirmed; OrderMayHaveLanded when its transaction did, or may
        still.
        """
        caller.require(Scope.ADMIN)
        order = await self._end(caller, order_id, _why(reason), not_landed=not_landed)
        try:
            return FailedOrder(order, await self._forget(caller, order.order_id))
        except QueueUnavailable as error:
            observe.queue_away("a dead letter", error)
            return FailedOrder(order, None)

    async def confirm(self, caller: Caller, order_id: str) -> Order:
        """Confirm a held order with the swap that its venue reports, be it below the limit. Safe to repeat.

        Raises OrderNotFound; OrderIsFinal when it failed; SwapNotConfirmable when it is not submitted and held, or its
        venue reports no swap, or of another order's.
        """
        caller.require(Scope.ADMIN)
        while True:
            order = await find_order(self.store, caller, order_id)
            if order.status is OrderStatus.CONFIRMED:
                return order
            if order.status.is_final:
                raise OrderIsFinal(order.status)
            try:
                step = order.confirm(Stamp(self.ids.event(), self.clock.now()), await self._landed(order))
                after: Facts = {"status": step[0].status, "price": str(step[0].execution_price)}
                return await self.record_step(order, step, act=caller.act("orders.confirm", order_id, after=after))
            except StaleOrder:
                continue
            except TransactionUsed as error:
                raise SwapNotConfirmable("another order was confirmed with its transaction") from error

    async def _landed(self, order: Order) -> Fill:
        """Return the swap that the venue reports. Raises SwapNotConfirmable."""
        sent = order.transaction
        if sent is None or not order.held or order.status is not OrderStatus.SUBMITTED:
            raise SwapNotConfirmable("only what is submitted and held is confirmed by hand")
        try:
            report = await self.venues.lookup(sent)
        except VenueUnavailable as error:
            raise SwapNotConfirmable(f"{sent.venue} {error}") from error
        if report.fill is None:
            raise SwapNotConfirmable(f"{sent.venue} says that its transaction is {report.status}")
        return report.fill

    async def _end(self, caller: Caller, order_id: str, why: Facts | None, *, not_landed: bool) -> Order:
        while True:
            order = await find_order(self.store, caller, order_id)
            if order.status is OrderStatus.FAILED:
                return order
            if order.status.is_final:
                raise OrderIsFinal(order.status)
            if order.status is OrderStatus.SUBMITTED:
                await self._refuse_unless_dead(order, believed=not_landed and order.held)
            stamp = Stamp(self.ids.event(), self.clock.now())
            try:
                step = order.fail(stamp, FailureReason.INTERNAL_ERROR)
                before: Facts = {"status": order.status, "version": order.version}
                after: Facts = {"status": step[0].status, "version": step[0].version, **(why or {})}
                act = caller.act("orders.fail", order.order_id, before=before, after=after)
                failed = await self.record_step(order, step, act=act)
            except StaleOrder:
                continue  # a worker took a step first; an order has only so many of them
            observe.order_failed_by_operator(order.order_id, order.status)
            return failed

    async def _forget(self, caller: Caller, order_id: str) -> bool:
        """Drop the order's dead letter; say whether it had one."""
        job = await self.operations.find(order_id)
        if job is None or job.place is not JobPlace.BURIED:
            return False
        act = caller.act("queue.forget", order_id, before={"why": job.why})
        return await audited(self.audit, act, lambda: self.operations.forget(order_id))

    async def _refuse_unless_dead(self, order: Order, *, believed: bool) -> None:
        """Raise OrderMayHaveLanded unless the venue rejected the transaction, or proves that it can never land.

        Who says that it did not land is `believed` more than a venue; of a chain, where that gives no answer.
        """
        transaction = order.transaction
        if believed and (transaction is None or not self.venues.on_chain(transaction.venue)):
            return
        if transaction is None:
            raise OrderMayHaveLanded("its transaction is not known here; a person has to look at the venue")
        if transaction.venue not in self.venues.names:
            raise OrderMayHaveLanded(f"{transaction.venue} is not among the venues that the settings here name")
        try:
            report = await self.venues.lookup(transaction)
        except VenueUnavailable as error:
            if believed:
                return
            raise OrderMayHaveLanded(f"{transaction.venue} does not tell what became of it") from error
        match report.status:
            case TransactionStatus.REJECTED | TransactionStatus.DEAD:
                return
            case TransactionStatus.UNKNOWN:
                raise OrderMayHaveLanded(
                    f"{transaction.venue} has not seen it, and may still take it; `orders requeue` has a worker send "
                    "it again, and the venue's answer settles it"
                )
            case TransactionStatus.LANDED:
                raise OrderMayHaveLanded("the swap has landed, and a worker will confirm the order")
        raise OrderMayHaveLanded("the swap is on its way, and a worker will end the order")


def _why(reason: str | None) -> Facts | None:
    return None if reason is None else {"reason": reason}
