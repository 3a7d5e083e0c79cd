"""The Postgres keeper of unsettled swaps keeps the contract."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any, LiteralString

import psycopg
import pytest

from adapters.postgres.executions import PostgresExecutions
from adapters.postgres.order_store import PostgresOrderStore
from adapters.postgres.unsettled_swaps import PostgresUnsettledSwaps
from tests.contracts.unsettled_swaps import UnsettledSwapsBench, UnsettledSwapsContract


def run(url: str, statement: LiteralString, *params: object) -> list[tuple[Any, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement, params)
        return cursor.fetchall() if cursor.description else []


@pytest.fixture
async def bench(migrated_url: str) -> AsyncIterator[UnsettledSwapsBench]:
    async def age(seconds: float) -> None:
        run(migrated_url, "UPDATE finality_sweep SET began_at = began_at - make_interval(secs => %s)", seconds)

    async def payloads() -> int:
        [(count,)] = run(migrated_url, "SELECT count(*) FROM transaction_payloads")
        return int(count)

    async with AsyncExitStack() as stack:
        stores = [PostgresOrderStore(migrated_url) for _ in range(2)]
        for store in stores:
            await store.open()
            stack.push_async_callback(store.close)
        first, second = (PostgresUnsettledSwaps(store.upkeep) for store in stores)
        yield UnsettledSwapsBench(first, second, stores[0], PostgresExecutions(stores[0].reads), age, payloads)


class TestPostgresUnsettledSwaps(UnsettledSwapsContract):
    @pytest.fixture
    def bench(self, bench: UnsettledSwapsBench) -> UnsettledSwapsBench:
        return bench


@pytest.mark.parametrize(
    "damage", ["DELETE FROM orders WHERE order_id = %s", "UPDATE executions SET amount_out = 'NaN' WHERE order_id = %s"]
)
async def test_a_row_that_makes_no_sense_keeps_no_other_from_being_followed(
    bench: UnsettledSwapsBench, migrated_url: str, damage: LiteralString
) -> None:
    damaged, sane = await bench.landed(), await bench.landed()
    run(migrated_url, damage, damaged.transaction.order_id)
    assert await bench.all(limit=1) == [sane]
