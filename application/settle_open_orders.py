"""Before trading goes on after the database went back: no order that is open may swap a second time."""

from collections.abc import AsyncIterator, Sequence

from attrs import evolve, frozen

from application.caller import Caller
from application.observe import trading as observe
from application.ports.errors import StaleOrder
from application.ports.order_store import OrderFilter, OrderStore
from application.ports.system import Clock, Ids
from application.ports.trading_halts import TradingHalts
from application.ports.venue_history import Received
from application.reconcile import Comparison
from application.record_step import RecordStep
from application.retry_policy import RetryPolicy
from domain.events import Stamp
from domain.order import Order, Step
from domain.status import FailureReason, OrderStatus
from domain.transaction import Transaction

PAGE = 200
# In the order in which an order goes through them: one that moves on meanwhile is met again.
_OPEN = tuple(status for status in OrderStatus if not status.is_final)


@frozen
class Settled:
    """What became of the open orders: those that got the transaction that their venue has, and those that are held."""

    submitted: tuple[str, ...]
    held: tuple[str, ...]


@frozen
class SettleOpenOrders:
    """Goes through all open orders, once nothing is executed any more. Safe to repeat.

    An order whose venue has one transaction that the order does not know becomes `submitted` with that: a worker then
    asks the venue about it, as ever. One that no venue knows more of goes on as it is. When that cannot be known, since
    some venue cannot be compared, or a transaction does not fit, it is held, and an operator decides.
    """

    store: OrderStore
    halts: TradingHalts
    record_step: RecordStep
    retries: RetryPolicy
    clock: Clock
    ids: Ids

    async def __call__(self, caller: Caller, comparison: Comparison) -> Settled:
        """Settle them. Raises StoreUnavailable and Overloaded."""
        submitted: list[str] = []
        doubtful: list[str] = []
        async for order in self._open_orders():
            received = comparison.received.get(order.order_id, ())
            foreign = [one for one in received if one.transaction.tx_hash != order.tx_hash]
            is_its_own = len(foreign) == 1 and foreign[0].transaction.amount == order.amount
            steps = self._steps(order, foreign[0], received) if is_its_own else ()
            if steps and await self._recorded(caller, order, steps):
                submitted.append(order.order_id)
            elif foreign or comparison.not_comparable:
                doubtful.append(order.order_id)
        for start in range(0, len(doubtful), PAGE):
            some = doubtful[start : start + PAGE]
            await self.halts.hold(some, caller.act("orders.hold", after={"orders": some}))
        observe.open_orders_settled(len(submitted), len(doubtful))
        return Settled(tuple(submitted), tuple(doubtful))

    async def _open_orders(self) -> AsyncIterator[Order]:
        """Go through those that are not held, as they are at first; an order's status changes on the way."""
        ids: dict[str, None] = {}
        for status in _OPEN:
            cursor = None
            while True:
                page = await self.store.find(OrderFilter(statuses=frozenset({status})), cursor, PAGE)
                ids |= dict.fromkeys(order.order_id for order in page.orders if not order.held)
                cursor = page.next_cursor
                if cursor is None:
                    break
        for order_id in ids:
            order = await self.store.get(order_id)
            if order is not None and not order.status.is_final:
                yield order

    async def _recorded(self, caller: Caller, order: Order, steps: Sequence[Step]) -> bool:
        """Record the steps, unless the order was moved on just now: its client may cancel it at any time."""
        try:
            after = steps[-1][0]
            act = caller.act(
                "orders.settle", order.order_id,
                before={"status": order.status, "txHash": order.tx_hash},
                after={"status": after.status, "txHash": after.tx_hash},
            )  # fmt: skip
            await self.record_step(order, *steps, act=act)
        except StaleOrder:
            return False
        return True

    def _steps(self, order: Order, one: Received, received: Sequence[Received]) -> Sequence[Step]:
        """Return the steps that make the order's what the venue has; none when that cannot be."""
        steps: list[Step] = []

        def take(step: Step) -> Order:
            steps.append(step)
            return step[0]

        match order.status:
            case OrderStatus.RESTING:
                if one.report.fill is None:
                    return ()
                order = take(order.trigger(self._stamp(), one.report.fill.price, one.transaction.venue))
            case OrderStatus.PENDING:
                order = take(order.request_quotes(self._stamp(), (one.transaction.venue,)))
            case OrderStatus.SUBMITTED:
                if len(received) > 1:  # its own transaction is at a venue too
                    return ()
                why = FailureReason.TRANSACTION_EXPIRED.message
                order = take(order.fail_attempt(self._stamp(), why, self.retries.attempts, 0))
        if order.status is OrderStatus.ROUTING:
            order = take(order.start_building(self._stamp()))
        take(order.submit(self._stamp(), _of_order(one.transaction, order)))
        return steps

    def _stamp(self) -> Stamp:
        return Stamp(self.ids.event(), self.clock.now())


def _of_order(transaction: Transaction, order: Order) -> Transaction:
    return evolve(transaction, order_id=order.order_id, attempt=order.attempt)
