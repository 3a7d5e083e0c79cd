"""The Postgres list of executions keeps the contract, and its rows are what the order's own commit wrote."""

from collections.abc import AsyncIterator

import psycopg
import pytest
from psycopg import sql

from adapters.postgres.executions import PostgresExecutions
from adapters.postgres.order_store import PostgresOrderStore
from tests.builders import a_stamp, an_order, submitted
from tests.contracts.executions import ALL, EXACT, ExecutionsContract, ExecutionsHarness, landed, read
from tests.contracts.order_store_harness import append_all, clean_run

COMMITS = """
SELECT DISTINCT o.xmin::text, e.xmin::text, v.xmin::text
FROM orders AS o JOIN executions AS e USING (order_id) JOIN order_events AS v ON v.orders_id = o.id AND v.seq = 5
"""
AMOUNTS = (
    "SELECT amount_in::text, amount_out::text, venue_fee::text, network_fee::text, network_fee_asset FROM executions"
)


@pytest.fixture
async def harness(migrated_url: str) -> AsyncIterator[ExecutionsHarness]:
    store = PostgresOrderStore(migrated_url)
    await store.open()
    yield ExecutionsHarness(PostgresExecutions(store.reads), store)
    await store.close()


class TestPostgresExecutions(ExecutionsContract):
    @pytest.fixture
    def harness(self, harness: ExecutionsHarness) -> ExecutionsHarness:
        return harness


async def test_order_event_and_execution_are_of_one_commit_and_exact(
    harness: ExecutionsHarness, migrated_url: str
) -> None:
    order = an_order(amount="1234567.12345678")
    await harness.store.add(order)
    await append_all(harness.store, [*clean_run(order)[:4], submitted(order).confirm(a_stamp(5), EXACT)])
    with psycopg.connect(migrated_url) as connection:
        [commits] = connection.execute(COMMITS).fetchall()
        assert len(set(commits)) == 1
        assert connection.execute(AMOUNTS).fetchall() == [
            ("1234567.12345678", "181886123.9876543210987654321", "364501.250000000000000000001", "0.000005", "SOL")
        ]


@pytest.mark.parametrize("column", ["amount_in", "amount_out", "quoted_price"])
async def test_a_row_that_makes_no_sense_is_left_out(
    harness: ExecutionsHarness, migrated_url: str, column: str
) -> None:
    sane, damaged = await landed(harness.store), await landed(harness.store)
    damage = sql.SQL("UPDATE executions SET {} = 'NaN' WHERE order_id = %s").format(sql.Identifier(column))
    with psycopg.connect(migrated_url) as connection:
        connection.execute(damage, (damaged,))
    assert await read(harness.executions, ALL, limit=1) == [sane]
