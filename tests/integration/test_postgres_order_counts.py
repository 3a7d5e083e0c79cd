"""Counts in Postgres keep the contract, over two processes' connections; old rows go, and so do workers of long ago."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from adapters.postgres.order_counts import PostgresOrderCounts
from adapters.postgres.order_store import PostgresOrderStore
from adapters.postgres.workers import PostgresWorkers
from application.ports.order_counts import CountedPart, Counts
from tests.contracts.order_counts import CountsBench, OrderCountsContract
from tests.contracts.workers import LONG, ONE, OTHER, WorkersBench, WorkersContract


@pytest.fixture
async def stores(migrated_url: str) -> AsyncIterator[list[PostgresOrderStore]]:
    with psycopg.connect(migrated_url) as connection:
        connection.execute("DELETE FROM order_counts")  # the other tests'
        connection.execute("DELETE FROM workers")
    async with AsyncExitStack() as stack:
        stores = [PostgresOrderStore(migrated_url) for _ in range(2)]
        for store in stores:
            await store.open()
            stack.push_async_callback(store.close)
        yield stores


class TestPostgresOrderCounts(OrderCountsContract):
    @pytest.fixture
    def bench(self, stores: list[PostgresOrderStore]) -> CountsBench:
        counts, others = (PostgresOrderCounts(store.upkeep) for store in stores)
        return CountsBench(counts, others, lambda: datetime.now(UTC))


class TestPostgresWorkers(WorkersContract):
    @pytest.fixture
    def bench(self, stores: list[PostgresOrderStore]) -> WorkersBench:
        return WorkersBench(*(PostgresWorkers(store.upkeep) for store in stores))


async def test_a_minute_and_process_is_one_row_and_a_day_is_kept(
    stores: list[PostgresOrderStore], migrated_url: str
) -> None:
    counts, at = PostgresOrderCounts(stores[0].upkeep), datetime.now(UTC).replace(second=0)
    for second in range(0, 60, 5):
        await counts.keep("one", CountedPart(second // 5 + 1, at + timedelta(seconds=second), Counts(1)))
    await counts.keep("old", CountedPart(1, at - timedelta(hours=26), Counts(1)))
    with psycopg.connect(migrated_url) as connection:
        rows = connection.execute("SELECT process, accepted, array_length(parts, 1) FROM order_counts ORDER BY minute")
        assert rows.fetchall() == [("old", 1, 1), ("one", 12, 12)]
        await counts.keep("other", CountedPart(1, at, Counts(1)))
        assert connection.execute("SELECT count(*) FROM order_counts WHERE process = 'old'").fetchone() == (0,)


async def test_a_worker_that_was_not_heard_of_for_a_day_is_forgotten(
    stores: list[PostgresOrderStore], migrated_url: str
) -> None:
    workers = PostgresWorkers(stores[0].upkeep)
    await workers.report(ONE)
    with psycopg.connect(migrated_url) as connection:
        connection.execute("UPDATE workers SET seen_at = seen_at - interval '25 hours'")
        connection.commit()
        await workers.report(OTHER)
        assert connection.execute("SELECT name FROM workers").fetchall() == [(OTHER.name,)]
    assert [seen.state for seen in await workers.heard(LONG)] == [OTHER]
