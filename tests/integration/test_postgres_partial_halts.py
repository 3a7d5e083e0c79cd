"""Partial halts in Postgres keep the contract."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from adapters.postgres.migrator import Migrator
from adapters.postgres.order_store import PostgresOrderStore
from adapters.postgres.partial_halts import PostgresPartialHalts
from tests.contracts.partial_halts import PartialHaltsBench, PartialHaltsContract


class TestPostgresPartialHalts(PartialHaltsContract):
    @pytest.fixture
    async def bench(self, database_url: str) -> AsyncIterator[PartialHaltsBench]:
        await Migrator(database_url).apply()
        async with AsyncExitStack() as stack:
            made = []
            for _ in range(2):
                store = PostgresOrderStore(database_url)
                await store.open()
                stack.push_async_callback(store.close)
                made.append(PostgresPartialHalts(store.health))
            yield PartialHaltsBench(*made)
