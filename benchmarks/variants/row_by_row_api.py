"""The API with a store and a queue as they are commonly written: one INSERT and one XADD for each order.

Each INSERT is a commit of its own, over a pool of 10 connections; each XADD a command of its own. Nothing guards
against duplicates, and no frame is published: it does less than the engine. Run by its rig as
`python -m benchmarks.variants.row_by_row_api`, with the API's settings.
"""

import os

import uvloop
from dependency_injector import providers
from psycopg_pool import AsyncConnectionPool
from redis.asyncio import BlockingConnectionPool, Redis

from adapters.memory.order_store import InMemoryOrderStore
from application.ports.order_store import Admission
from benchmarks.variants.memory_api import serve
from domain.order import Order
from entrypoints.api import bind_ports
from entrypoints.container import Container
from entrypoints.lifecycle import prepare_process
from entrypoints.settings import Settings
from entrypoints.system import SystemClock

POOL = 10
_INSERT = """
INSERT INTO orders (order_id, user_id, input_token, output_token, amount, status, logs, created_at, updated_at)
VALUES (%s, %s, %s, %s, %s, 'pending', '{}', %s, %s)
"""


class RowByRowStore(InMemoryOrderStore):
    """Adds orders to Postgres, then to a Redis stream; the use case's own put goes to memory, and is not used."""

    def __init__(self, clock: SystemClock, postgres_url: str, redis_url: str) -> None:
        super().__init__(clock)
        self._redis: Redis = Redis.from_pool(BlockingConnectionPool.from_url(redis_url, max_connections=64))
        self._pool = AsyncConnectionPool(
            postgres_url,
            min_size=POOL,
            max_size=POOL,
            open=False,
            kwargs={"autocommit": True, "options": "-c timezone=UTC"},
        )

    async def open(self) -> None:
        await self._pool.open(wait=True)

    async def close(self) -> None:
        await self._pool.close()
        await self._redis.aclose()

    async def add(self, order: Order, idempotency_key: str | None = None) -> Admission:
        row = (order.order_id, order.user_id, order.input_token, order.output_token, order.amount)
        async with self._pool.connection() as connection:
            await connection.execute(_INSERT, (*row, order.created_at, order.created_at), prepare=True)
        await self._redis.xadd("row-by-row", {"name": "execute", "orderId": order.order_id})
        return Admission(order.order_id, replayed=False)


def main() -> None:
    """Serve, as `order-engine api` does."""
    settings = Settings.from_environment(os.environ)
    prepare_process()
    uvloop.run(_run(settings))


async def _run(settings: Settings) -> None:
    clock = SystemClock()
    container = Container(settings=settings, mode="memory")
    store = RowByRowStore(clock, settings.postgres_url or "", settings.redis_url or "")
    container.store.override(providers.Object(store))
    container.resources.override(providers.List(providers.Object(store)))
    await serve(bind_ports(settings), container)


if __name__ == "__main__":
    main()
