"""The Postgres order store keeps the contract."""

from collections.abc import AsyncIterator
from functools import partial
from typing import LiteralString

import psycopg
import pytest

from adapters.postgres.order_store import PostgresOrderStore
from domain.order import Order
from tests.contracts.order_store import OrderStoreContract
from tests.contracts.order_store_harness import OrderStoreHarness


class TestPostgresOrderStore(OrderStoreContract):
    @pytest.fixture
    async def harness(self, migrated_url: str) -> AsyncIterator[OrderStoreHarness]:
        store = PostgresOrderStore(migrated_url, stretch=20)  # pages are short sooner
        await store.open()

        async def run(statement: LiteralString, parameter: object) -> None:
            async with await psycopg.AsyncConnection.connect(migrated_url, autocommit=True) as connection:
                await connection.execute(statement, (parameter,))

        age = partial(run, "UPDATE orders SET updated_at = updated_at - make_interval(secs => %s)")

        async def add_held(order: Order) -> None:
            await store.add(order)
            await run("UPDATE orders SET held = true WHERE order_id = %s", order.order_id)

        yield OrderStoreHarness(store, age, add_held, store.close, step_clock=age)
        await store.close()
