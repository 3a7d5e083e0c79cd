"""The Postgres order store keeps the contract."""

from collections.abc import AsyncIterator
from functools import partial
from typing import LiteralString

import psycopg
import pytest

from adapters.postgres.order_store import PostgresOrderStore
from application.ports.order_store import OrderFilter, OrderPage
from domain.order import Order
from tests.builders import an_order
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

    async def test_a_list_goes_on_after_an_order_that_cannot_be_read(
        self, harness: OrderStoreHarness, migrated_url: str
    ) -> None:
        old, damaged, *new = [an_order() for _ in range(4)]
        for order in (old, damaged, *new):
            await harness.store.add(order)
        async with await psycopg.AsyncConnection.connect(migrated_url, autocommit=True) as connection:
            await connection.execute("UPDATE orders SET amount = 'NaN' WHERE order_id = %s", (damaged.order_id,))
            page = await harness.store.find(OrderFilter(), None, 3)
            assert [order.order_id for order in page.orders] == [order.order_id for order in new[::-1]]
            last = await harness.store.find(OrderFilter(), page.next_cursor, 3)
            assert [order.order_id for order in last.orders] == [old.order_id]
            await connection.execute("DELETE FROM orders WHERE order_id = %s", (old.order_id,))
        assert await harness.store.find(OrderFilter(), page.next_cursor, 3) == OrderPage((), None)
