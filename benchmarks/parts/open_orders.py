"""Orders that stay open: they are in the store, and no worker runs."""

import asyncio

from adapters.postgres.order_store import PostgresOrderStore
from domain.order import Order
from domain.order_request import OrderRequest
from entrypoints.system import RandomIds, SystemClock

AT_ONCE = 2000


async def open_orders(postgres_url: str, count: int) -> list[str]:
    """Store so many new orders and return their ids."""
    request = OrderRequest.parse({"inputToken": "SOL", "outputToken": "USDC", "amount": 10, "userId": "user123"})
    ids, clock = RandomIds(), SystemClock()
    orders = [Order.new(ids.new(), request, clock.now()) for _ in range(count)]
    store = PostgresOrderStore(postgres_url)
    await store.open()
    try:
        for start in range(0, count, AT_ONCE):
            await asyncio.gather(*(store.add(order) for order in orders[start : start + AT_ONCE]))
    finally:
        await store.close()
    return [order.order_id for order in orders]
