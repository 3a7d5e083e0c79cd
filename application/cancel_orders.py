"""Stop all orders of a kind that can still be stopped."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from attrs import asdict, evolve, frozen

from application.audited import audited
from application.caller import Caller, Scope
from application.cancel_order import CancelOrder
from application.errors import OrderNotCancellable, TradingHalted
from application.listed_request import listed_pair
from application.ports.audit import Audit
from application.ports.order_store import OrderStore, UnfinishedFilter
from application.ports.system import Clock
from application.ports.token_registry import TokenRegistry
from domain.order import Order

PAGE = 1000
AT_ONCE = 250
# Clocks of other processes may be ahead by less.
MARGIN = timedelta(seconds=1)


@frozen
class CancelledOrders:
    """Ids of what was stopped, and of what was meant too and could not be: it was submitted, or ended meanwhile."""

    cancelled: tuple[str, ...]
    not_cancellable: tuple[str, ...]


@frozen
class CancelOrders:
    """Looks through all orders that are not final, once; what comes while it does is none of its business."""

    store: OrderStore
    cancel_order: CancelOrder
    clock: Clock
    audit: Audit
    tokens: TokenRegistry | None = None

    async def by_operator(self, caller: Caller, wanted: UnfinishedFilter) -> CancelledOrders:
        """Stop orders for an operator, whose act is noted. Raises as a call does."""
        caller.require(Scope.ADMIN)
        await self.cancel_order.gate.look()  # this process may just have begun
        filters = {name: value for name, value in asdict(wanted).items() if value is not None}
        act = caller.act("orders.cancel-all", wanted.user_id or wanted.venue, after=filters)
        return await audited(self.audit, act, lambda: self(caller, wanted))

    async def __call__(self, caller: Caller, wanted: UnfinishedFilter) -> CancelledOrders:
        """Stop the caller's orders that are wanted; of any user if none is named and the caller acts for all.

        Safe to repeat. Raises Forbidden, UnknownToken and AmbiguousToken, and StoreUnavailable and TradingHalted when
        not all is known to be done.
        """
        caller.require(Scope.ORDERS_CANCEL)
        wanted = evolve(wanted, user_id=caller.seen_users(wanted.user_id))
        if wanted.pair is not None and self.tokens is not None:
            wanted = evolve(wanted, pair=listed_pair(wanted.pair, self.tokens))
        if self.cancel_order.gate.lost_writes:
            raise TradingHalted
        latest, after = self.clock.now() + MARGIN, None
        cancelled: list[str] = []
        refused: list[str] = []
        while True:
            page = await self.store.unfinished(wanted, after, PAGE)
            orders = [order for order in page.orders if order.created_at <= latest]
            for start in range(0, len(orders), AT_ONCE):
                group = orders[start : start + AT_ONCE]
                for order, was_cancelled in zip(group, await self._cancel(caller, group), strict=True):
                    (cancelled if was_cancelled else refused).append(order.order_id)
            after = page.next_after
            if after is None or (page.orders and not orders):
                return CancelledOrders(tuple(cancelled), tuple(refused))

    async def _cancel(self, caller: Caller, orders: Sequence[Order]) -> Sequence[bool]:
        """Stop these at once, in groups that share their commits; say of each whether it was stopped."""
        calls = (self.cancel_order.cancel(caller, order) for order in orders)
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException) and not isinstance(outcome, OrderNotCancellable):
                raise outcome
        return [isinstance(outcome, Order) for outcome in outcomes]
