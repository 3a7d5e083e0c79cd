"""Read orders back."""

from attrs import evolve, frozen

from application.caller import Caller, Scope, find_order
from application.frames import Frame, birth_frame
from application.listed_request import listed_pair
from application.ports.executions import Executions
from application.ports.order_store import OrderFilter, OrderPage, OrderStore
from application.ports.token_registry import TokenRegistry
from domain.errors import FieldError, ValidationFailed
from domain.execution import Execution
from domain.order import Order
from domain.status import OrderStatus


@frozen
class QueryOrders:
    """One order, a list of them, or an order's story."""

    store: OrderStore
    executions: Executions
    tokens: TokenRegistry | None = None

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
        """Return a page of the orders that the caller may see, newest first.

        Only who may see all users' may look by the beginning of a user's id. Raises InvalidCursor; ValidationFailed
        for a client order id of nobody; UnknownToken and AmbiguousToken for the tokens of a pair.
        """
        caller.require(Scope.ORDERS_READ)
        if query.user_prefix is not None:
            caller.require(Scope.USERS_ANY)
        query = evolve(query, user_id=caller.seen_users(query.user_id))
        if query.client_order_id is not None and query.user_id is None:
            raise ValidationFailed((FieldError("userId", "is required with clientOrderId, which is a user's own"),))
        if query.pair is not None and self.tokens is not None:
            query = evolve(query, pair=listed_pair(query.pair, self.tokens))
        return await self.store.find(query, cursor, limit)

    async def events(self, caller: Caller, order_id: str, after_seq: int | None) -> tuple[Frame, ...]:
        """Return the order's frames with seq > `after_seq`; all, with seq 0, when it is None. Raises OrderNotFound."""
        order = await self.get(caller, order_id)
        birth = (birth_frame(order),) if after_seq is None else ()
        return (*birth, *await self.store.events(order.order_id, after_seq or 0))
