"""The Postgres order store keeps the contract."""

from collections.abc import AsyncIterator

import psycopg
import pytest

from adapters.postgres.order_store import PostgresOrderStore
from tests.contracts.order_store import OrderStoreContract
from tests.contracts.order_store_harness import OrderStoreHarness


class TestPostgresOrderStore(OrderStoreContract):
    @pytest.fixture
    async def harness(self, migrated_url: str) -> AsyncIterator[OrderStoreHarness]:
        store = PostgresOrderStore(migrated_url)
        await store.open()

        async def age(seconds: float) -> None:
            async with await psycopg.AsyncConnection.connect(migrated_url, autocommit=True) as connection:
                await connection.execute(
                    "UPDATE orders SET updated_at = updated_at - make_interval(secs => %s)", (seconds,)
                )

        yield OrderStoreHarness(store, age, store.close)
        await store.close()
