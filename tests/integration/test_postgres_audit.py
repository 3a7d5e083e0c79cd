"""The record of administrative acts in Postgres keeps the contract, and nobody changes it."""

import asyncio
from collections.abc import AsyncIterator

import psycopg
import pytest

from adapters.postgres.audit import PostgresAudit
from adapters.postgres.migrator import Migration, Migrator, bundled_migrations
from adapters.postgres.order_store import PostgresOrderStore
from adapters.postgres.partial_halts import PostgresPartialHalts
from adapters.postgres.trading_halts import PostgresTradingHalts
from application.caller import Caller
from application.ports.errors import DataRefused
from application.ports.order_store import Record
from tests.builders import a_stamp, an_act
from tests.contracts.audit import AuditBench, AuditContract, ending

COMMITS = """
SELECT DISTINCT o.xmin::text, e.xmin::text, a.xmin::text
FROM orders AS o JOIN order_events AS e ON e.orders_id = o.id JOIN audit_log AS a ON a.subject = o.order_id
"""


@pytest.fixture
async def bench(migrated_url: str) -> AsyncIterator[AuditBench]:
    store = PostgresOrderStore(migrated_url)
    await store.open()
    halts = PostgresTradingHalts(store.health, store.writes, "this process")
    yield AuditBench(PostgresAudit(store.reads), store, halts, PostgresPartialHalts(store.health))
    await store.close()


class TestPostgresAudit(AuditContract):
    @pytest.fixture
    def bench(self, bench: AuditBench) -> AuditBench:
        return bench


async def test_an_act_is_of_the_commit_of_what_it_did(bench: AuditBench, migrated_url: str) -> None:
    order = await bench.order()
    await bench.store.append(ending(order, an_act(what="orders.fail", subject=order.order_id)))
    with psycopg.connect(migrated_url) as connection:
        [commits] = connection.execute(COMMITS).fetchall()
    assert len(set(commits)) == 1


async def test_one_act_among_many_steps_is_kept_with_its_own(bench: AuditBench) -> None:
    orders = [await bench.order() for _ in range(6)]
    acts = [an_act(what="orders.fail", subject=order.order_id) for order in orders[:2]]
    refused = an_act(what="", subject=orders[2].order_id)
    records = [ending(order, act) for order, act in zip(orders, [*acts, refused], strict=False)]
    records += [Record.of(order, order.expire(a_stamp())) for order in orders[3:]]
    outcomes = await asyncio.gather(*map(bench.store.append, records), return_exceptions=True)
    assert [isinstance(outcome, DataRefused) for outcome in outcomes] == [n == 2 for n in range(6)]
    kept = {entry.subject for entry in await bench.entries()}
    assert kept == {act.subject for act in acts}


@pytest.mark.parametrize(
    "change",
    ["UPDATE audit_log SET who = 'eve'", "DELETE FROM audit_log", "TRUNCATE audit_log", "UPDATE audit_log SET at = at"],
)
async def test_nobody_changes_the_record_the_tables_owner_neither(
    bench: AuditBench, migrated_url: str, change: str
) -> None:
    await bench.audit.write(an_act())
    with psycopg.connect(migrated_url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(change)
    assert await bench.entries() == [an_act()]


async def test_nobody_chooses_a_number(bench: AuditBench, migrated_url: str) -> None:
    with psycopg.connect(migrated_url) as connection, pytest.raises(psycopg.errors.GeneratedAlways):
        connection.execute("INSERT INTO audit_log (id, who, origin, what, outcome) VALUES (9, 'a', 'b', 'c', 'done')")


async def test_migrations_and_roles_are_noted_in_the_commit_that_makes_them(database_url: str) -> None:
    later = Migration("9999_later.sql", "CREATE TABLE later (x INTEGER)")
    by = Caller(None, frozenset(), operator="ada@desk", origin="desk")
    await Migrator(database_url).apply()
    await Migrator(database_url, [*bundled_migrations(), later], by).apply()
    with psycopg.connect(database_url) as connection:
        asked = "SELECT who, origin, subject FROM audit_log WHERE what = 'migrate' AND who <> 'anyone'"
        [row] = connection.execute(asked)
        commits = "SELECT count(DISTINCT xmin::text) FROM (SELECT xmin FROM audit_log WHERE subject = %s UNION ALL "
        commits += "SELECT xmin FROM schema_migrations WHERE name = %s) AS both_rows"
        assert connection.execute(commits, (later.name, later.name)).fetchall() == [(1,)]
    assert row == ("ada@desk", "desk", later.name)
