"""Read orders back."""

from attrs import evolve, frozen

from application.caller import Caller, Scope, find_order
from application.frames import Frame, birth_frame
from application.ports.executions import Executions
from application.ports.order_store import OrderFilter, OrderPage, OrderStore
from domain.execution import Execution
from domain.order import Order
from domain.status import OrderStatus


@frozen
class QueryOrders:
    """One order, a list of them, or an order's story."""

    store: OrderStore
    executions: Executions

    async def get(self, caller: Caller, order_id: str) -> Order:
        """Return the caller's order as last written. Raises OrderNotFound, also for what is not a UUID."""
        caller.require(Scope.ORDERS_READ)
        return await find_order(self.store, caller, order_id)

    async def with_execution(self, caller: Caller, order_id: str) -> tuple[Order, Execution | None]:
        """Return the same, and what a swap of its came to that landed on a chain."""
        order = await self.get(caller, order_id)
        confirmed = order.status is OrderStatus.CONFIRMED
        return order, await self.executions.on_chain(order.order_id) if confirmed else None

    async def find(self, caller: Caller, query: OrderFilter, cursor: str | None, limit: int) -> OrderPage:
        """Return a page of the orders that the caller may see, newest first. Raises InvalidCursor."""
        caller.require(Scope.ORDERS_READ)
        return await self.store.find(evolve(query, user_id=caller.seen_users(query.user_id)), cursor, limit)

    async def events(self, caller: Caller, order_id: str, after_seq: int | None) -> tuple[Frame, ...]:
        """Return the order's frames with seq > `after_seq`; all, with seq 0, when it is None. Raises OrderNotFound."""
        order = await self.get(caller, order_id)
        birth = (birth_frame(order),) if after_seq is None else ()
        return (*birth, *await self.store.events(order.order_id, after_seq or 0))
