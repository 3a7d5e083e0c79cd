"""Stop an order before its transaction is submitted."""

from attrs import frozen

from application.caller import Caller, Scope, find_order
from application.errors import OrderNotCancellable, TradingHalted
from application.ports.errors import StaleOrder
from application.ports.order_store import OrderStore
from application.ports.system import Clock, Ids
from application.record_step import RecordStep
from application.trading_gate import TradingGate
from domain.errors import IllegalTransition
from domain.events import Stamp
from domain.order import Order
from domain.status import FailureReason


@frozen
class CancelOrder:
    """Races the worker through the store's compare-and-set: exactly one of them wins each version."""

    store: OrderStore
    record_step: RecordStep
    clock: Clock
    ids: Ids
    gate: TradingGate

    async def __call__(self, caller: Caller, order_id: str) -> Order:
        """Stop the caller's order and return it as failed.

        Raises OrderNotFound, OrderNotCancellable, and TradingHalted while nobody can know whether it was swapped.
        """
        caller.require(Scope.ORDERS_CANCEL)
        return await self.cancel(caller, await find_order(self.store, caller, order_id))

    async def cancel(self, caller: Caller, order: Order) -> Order:
        """Stop an order of the caller's that was read just now. Raises as above."""
        while True:
            if self.gate.lost_writes:
                raise TradingHalted
            try:
                cancelled = order.fail(Stamp(self.ids.event(), self.clock.now()), FailureReason.CANCELLED)
            except IllegalTransition:
                raise OrderNotCancellable(order.status) from None
            try:
                return await self.record_step(order, cancelled)
            except StaleOrder:
                # The worker took a step first; an order has only so many of them.
                order = await find_order(self.store, caller, order.order_id)
