"""Read orders back."""

from uuid import UUID

from attrs import frozen

from application.errors import OrderNotFound
from application.frames import Frame, birth_frame
from application.ports.order_store import OrderFilter, OrderPage, OrderStore
from domain.order import Order


@frozen
class QueryOrders:
    """One order, a list of them, or an order's story."""

    store: OrderStore

    async def get(self, order_id: str) -> Order:
        """Return the order as last written. Raises OrderNotFound, also for what is not a UUID."""
        known = canonical(order_id)
        order = await self.store.get(known) if known else None
        if order is None:
            raise OrderNotFound
        return order

    async def find(self, query: OrderFilter, cursor: str | None, limit: int) -> OrderPage:
        """Return a page of orders, newest first. Raises InvalidCursor."""
        return await self.store.find(query, cursor, limit)

    async def events(self, order_id: str, after_seq: int | None) -> tuple[Frame, ...]:
        """Return the order's frames with seq > `after_seq`; all, with seq 0, when it is None. Raises OrderNotFound."""
        order = await self.get(order_id)
        birth = (birth_frame(order),) if after_seq is None else ()
        return (*birth, *await self.store.events(order.order_id, after_seq or 0))


def canonical(order_id: str) -> str | None:
    """Return the canonical text of an order id; None for what is not one (only the canonical form, in any case, is)."""
    try:
        text = str(UUID(order_id))
    except ValueError:
        return None
    return text if text == order_id.lower() else None
