"""The store's statements stay cheap: updates are HOT, and what was prepared on empty tables suits full ones."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from hashlib import md5
from itertools import count
from operator import attrgetter
from typing import Any, LiteralString
from uuid import UUID, uuid4

import psycopg
import pytest
from attrs import evolve, frozen
from psycopg import sql

from adapters.postgres import execution_statements, finality_statements, listing, statements
from adapters.postgres.connector import Connector
from adapters.postgres.list_statements import list_orders
from adapters.postgres.listing import STRETCH
from adapters.postgres.order_store import NUMBERED_TABLES, PostgresOrderStore
from adapters.postgres.rows import in_json, row_of_order, row_of_record
from adapters.postgres.sessions import KEPT_PLANS, SESSION
from adapters.postgres.unfinished import BACKLOG, BACKLOG_MOST, SWEEP, SWEEP_LOCK
from application.ports.order_store import OrderFilter
from domain.order import Order
from domain.status import FINAL, OrderStatus
from tests.builders import an_order
from tests.contracts.order_store_harness import append_all, clean_run, life, record_of
from tests.eventually import eventually

MANY = 100_000
FILL = """
INSERT INTO orders (order_id, user_id, input_token, output_token, amount, status, logs, version, created_at, updated_at,
    finished_at, client_order_id, execution_price)
SELECT md5(n::text)::uuid, 'user' || n % 1000, 'SOL', 'USDC', 10, 'confirmed', '{a,b,c,d,e}', 5,
    timestamp '2026-01-01' + n * interval '1 minute', now(), now(), n, 1
FROM generate_series(1, 100000) AS n;
INSERT INTO order_events (orders_id, seq, event_id, frame)
    SELECT id, seq, 'e', 'frame' FROM orders, generate_series(1, 5) AS seq;
INSERT INTO idempotency_keys SELECT user_id, id, order_id, now() FROM orders;
INSERT INTO executions (order_id, user_id, input_token, output_token, venue, tx_hash, amount_in, amount_out, venue_fee,
    executed_at)
SELECT n::text, 'user' || n % 1000, 'SOL', 'USDC', 'Meteora', n::text, 10, 10, 0,
    timestamp '2026-01-01' + n * interval '1 minute'
FROM generate_series(1, 100000) AS n;
INSERT INTO executions (order_id, user_id, input_token, output_token, venue, chain, tx_hash, amount_in, amount_out,
    venue_fee, executed_at, slot, finality)
SELECT md5((n * 9999)::text)::uuid, 'user', 'SOL', 'USDC', 'Meteora', 'solana', n::text, 10, 10, 0,
    timestamp '2027-01-01', n, 'confirmed'
FROM generate_series(1, 10) AS n;
"""
FILL_WAITING = """
INSERT INTO orders (order_id, user_id, input_token, output_token, amount, status, logs, created_at, updated_at)
SELECT n::text, 'user', 'SOL', 'USDC', 10, 'pending', '{}', now(), now() FROM generate_series(1, 100000) AS n
"""
FILL_RESTING = """
INSERT INTO orders (order_id, user_id, input_token, output_token, amount, status, resting, logs, version, created_at,
    updated_at)
SELECT 'resting' || n, 'user' || n % 1000, 'SOL', 'USDC', 10, 'resting', true, '{a}', 1, now(), now()
FROM generate_series(1, 100000) AS n
"""
FAIL_THE_OLDEST = """
UPDATE orders SET user_id = 'user';
UPDATE orders SET status = 'failed', execution_price = NULL, reason_code = 'expired' WHERE id <= 3
"""
FAIL_ALL_BUT_THE_OLDEST = """
UPDATE orders SET status = 'confirmed', execution_price = 1, reason_code = NULL WHERE id <= 3;
UPDATE orders SET status = 'failed', execution_price = NULL, reason_code = 'expired' WHERE id > 3
"""
ROUTE_THE_OLDEST = """
UPDATE orders SET status = 'routing' WHERE id IN (SELECT id FROM orders WHERE finished_at IS NULL ORDER BY id LIMIT 3)
"""
# Reading `orders` whole would be ten thousand blocks, its smallest index 280.
BLOCKS_FOR_A_GROUP, GROUP = 250, 10
BLOCKS_FOR_A_READ = 40
BLOCKS_OF_THE_INDEX = 600
BLOCKS_OF_THE_CATALOG = 780
BLOCKS_FOR_A_RANGE, BLOCKS_FOR_A_RANGE_OF_ORDERS = 150, 300  # the ends are searched for
# Long ago, seen from the end of FILL's executions.
SINCE, UNTIL = (datetime(2026, 1, day, tzinfo=UTC).replace(tzinfo=None) for day in (2, 9))
BLOCKS_OF_A_USER = 250
UPDATES = "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'orders'"


@frozen
class Case:
    name: str
    statement: str
    params: tuple[object, ...]
    blocks: int = BLOCKS_FOR_A_GROUP
    keep_plan: bool = False


def filled(number: int) -> Order:
    """Return an order as FILL makes it."""
    order_id = str(UUID(md5(str(number).encode(), usedforsecurity=False).hexdigest()))
    order = an_order(userId=f"user{number % 1000}", clientOrderId=str(number))
    return evolve(order, order_id=order_id)


def cases() -> Iterator[Case]:
    known = [filled(number * 9_999) for number in range(1, GROUP + 1)]
    new = [an_order(userId=f"user{n}", clientOrderId=f"new{n}") for n in range(GROUP)]
    ids = [order.order_id for order in known]
    steps = [life(order)[5] for order in known]  # from version 5 to 6
    rows = [row_of_record(record_of(step)) for step in steps]
    new_rows = in_json([row_of_order(order, "new") for order in new])
    known_rows = in_json([row_of_order(order, str(n)) for n, order in enumerate(known)])
    yield Case("add_new", statements.ADD_NEW, new_rows, keep_plan=True)
    yield Case("add_again", statements.ADD_AGAIN, new_rows, keep_plan=True)
    yield Case("add_keyed", statements.ADD_KEYED, new_rows, 380)  # six indexes get an entry for each
    yield Case("add_keyed_known", statements.ADD_KEYED, known_rows)
    yield Case("standing", statements.STANDING, known_rows)
    yield Case("claim", statements.CLAIM, new_rows)
    yield Case("append", statements.APPEND, in_json(sorted(rows, key=attrgetter("order_id"))), keep_plan=True)
    used = [{"order_id": order_id, "place": "Meteora", "tx_hash": str(n)} for n, order_id in enumerate(ids, 50_000)]
    yield Case("used", statements.USED, in_json(used), keep_plan=True)
    yield Case("kept", statements.KEPT, in_json(rows), keep_plan=True)
    yield Case("get", statements.GET, (ids,), keep_plan=True)
    yield Case("get durably", statements.GET_DURABLY, (ids,), keep_plan=True)
    yield Case("last_seqs", statements.LAST_SEQS, (ids,))
    yield Case("events", statements.EVENTS, (ids[0], 0), BLOCKS_FOR_A_READ)
    yield Case("sweep", SWEEP, (SWEEP_LOCK, None, 30, 100), BLOCKS_FOR_A_READ)
    yield Case("sweep_on", SWEEP, (SWEEP_LOCK, ids[0], 30, 100), BLOCKS_FOR_A_READ)
    yield Case("backlog", BACKLOG, (BACKLOG_MOST, BACKLOG_MOST), BLOCKS_FOR_A_READ)
    for name, start in (("unfinished", None), ("unfinished_on", ids[0])):
        wanted = ("user7", "user7", *(6 * [None]), *(4 * [100]))
        yield Case(name, listing.UNFINISHED, (start, *wanted), BLOCKS_FOR_A_READ)
    yield Case("id_ranges_used", statements.ID_RANGES_USED, (NUMBERED_TABLES,), BLOCKS_OF_THE_CATALOG)
    yield from cases_of_lists(known[0])
    yield from cases_of_filters()
    yield from cases_of_executions()
    yield from cases_of_chains(ids[4])


def cases_of_lists(known: Order) -> Iterator[Case]:
    for user in (None, known.user_id):
        for status in (None, *OrderStatus):
            query = OrderFilter(user, frozenset({status}) if status else frozenset())
            for after in ((), (known.order_id,)):
                start = (*after, user) if after and user else after
                statement, params = list_orders(query, start, 10, STRETCH)
                name = f"find_{user is not None}_{status}_{bool(after)}"
                yield Case(name, statement, tuple(params), BLOCKS_FOR_A_READ)


def cases_of_filters() -> Iterator[Case]:
    """Lists by what FILL's orders have, or none of the last stretch of them; and of a time long ago."""
    unfinished = frozenset({OrderStatus.PENDING, OrderStatus.ROUTING, OrderStatus.RESTING})
    everyones, looked_through = OrderFilter(), 2 * STRETCH
    for name, query, blocks in (
        ("client_order_id", OrderFilter("user7", client_order_id="7"), BLOCKS_FOR_A_READ),
        ("final", evolve(everyones, statuses=FINAL), BLOCKS_FOR_A_READ),
        ("unfinished", evolve(everyones, statuses=unfinished), BLOCKS_FOR_A_READ),
        ("unfinished_of_user", OrderFilter("user7", unfinished), BLOCKS_FOR_A_READ),
        ("prefix", evolve(everyones, user_prefix="user"), BLOCKS_FOR_A_READ),
        ("pair", evolve(everyones, pair="SOL/USDC"), BLOCKS_FOR_A_READ),
        ("pair_of_user", OrderFilter("user7", pair="SOL/USDC"), BLOCKS_FOR_A_READ),
        ("no_pair", evolve(everyones, pair="USDC/SOL"), looked_through),
        ("no_venue", evolve(everyones, venue="Nowhere"), looked_through),
        ("no_prefix", evolve(everyones, user_prefix="nobody"), looked_through),
        ("no_venue_of_user", OrderFilter("user7", venue="Nowhere"), BLOCKS_OF_A_USER),
        ("long_ago", evolve(everyones, since=SINCE, until=UNTIL), BLOCKS_FOR_A_RANGE_OF_ORDERS),
        ("long_ago_of_user", OrderFilter("user7", since=SINCE, until=UNTIL), BLOCKS_FOR_A_RANGE_OF_ORDERS),
        (
            "long_ago_failed",
            OrderFilter(statuses=frozenset({OrderStatus.FAILED}), until=UNTIL),
            BLOCKS_FOR_A_RANGE_OF_ORDERS,
        ),
    ):
        statement, params = list_orders(query, (), 10, STRETCH)
        yield Case(f"list_{name}", statement, tuple(params), blocks)


def cases_of_chains(order_id: str) -> Iterator[Case]:
    fill = (*(7 * [None]), order_id)
    yield Case("on_chain", execution_statements.FIND_ON_CHAIN, (order_id,), BLOCKS_FOR_A_READ)
    yield Case("unsettled", finality_statements.UNSETTLED, (None, 2.0, 10), BLOCKS_FOR_A_GROUP)
    yield Case("unsettled_on", finality_statements.UNSETTLED, (order_id, 2.0, 10), BLOCKS_FOR_A_GROUP)
    yield Case("settle", finality_statements.SETTLE, ("finalized", *fill), BLOCKS_FOR_A_GROUP)


def cases_of_executions() -> Iterator[Case]:
    for user in ((), ("user7",)):
        for since in ((), (SINCE, SINCE)):
            for until in ((), (UNTIL, UNTIL)):
                for before in ((), (9_000,)):
                    statement = execution_statements.find_executions(
                        by_user=bool(user), since=bool(since), until=bool(until), before=bool(before)
                    )
                    params = (*user, *since, *until, *before, 10)
                    name = f"executions{len(user)}{len(since)}{len(until)}{len(before)}"
                    yield Case(name, statement, params, BLOCKS_FOR_A_RANGE if since or until else BLOCKS_FOR_A_READ)


def prepared(case: Case) -> str:
    numbers = count(1)
    return f'PREPARE "{case.name}" AS ' + re.sub("%[sb]", lambda _: f"${next(numbers)}", case.statement)


def executed(case: Case) -> sql.Composed:
    params = sql.SQL(", ").join(sql.Literal(param) for param in case.params)
    return sql.SQL("EXECUTE {} ({})").format(sql.Identifier(case.name), params)


async def cost(connection: psycopg.AsyncConnection[Any], case: Case) -> int:
    """Return the fewest blocks that the case touches in two runs, of which nothing stays.

    The first also looks for free space and into the catalog, the second passes the rows that the first left dead.
    """
    return min([await touched(connection, case) for _ in range(2)])


async def touched(connection: psycopg.AsyncConnection[Any], case: Case) -> int:
    explain = sql.SQL("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ") + executed(case)
    async with connection.transaction(force_rollback=True):
        [([told],)] = await (await connection.execute(explain)).fetchall()
    return int(told["Plan"]["Shared Hit Blocks"] + told["Plan"]["Shared Read Blocks"])


@asynccontextmanager
async def session_of(url: str, *, keep_plans: bool) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    """A session as the store's."""
    async with await Connector(url, "plans").connect(KEPT_PLANS if keep_plans else SESSION) as connection:
        yield connection


@pytest.mark.parametrize("statistics", ["SELECT 'none yet'", "VACUUM (ANALYZE)"])
@pytest.mark.parametrize("keep_plans", [False, True], ids=["anew", "kept"])
async def test_statements_prepared_on_empty_tables_read_little_of_full_ones(
    migrated_url: str, keep_plans: bool, statistics: LiteralString
) -> None:
    chosen = [case for case in cases() if case.keep_plan or not keep_plans]
    async with (
        session_of(migrated_url, keep_plans=keep_plans) as session,
        await psycopg.AsyncConnection.connect(migrated_url, autocommit=True) as other,
    ):
        await other.execute(statistics)
        for case in chosen:
            await session.execute(prepared(case).encode())
            async with session.transaction(force_rollback=True):
                await session.execute(executed(case))
        await other.execute(FILL)
        for prelude in ("SELECT 'no statistics yet'", "ANALYZE"):
            await other.execute(prelude)
            costs = [(case, await cost(session, case)) for case in chosen]
            assert {case.name: blocks for case, blocks in costs if blocks > case.blocks} == {}


@pytest.mark.parametrize("statistics", ["SELECT 'none yet'", "ANALYZE"], ids=["none", "stale"])
async def test_a_hundred_thousand_resting_orders_are_in_nobodys_way(
    migrated_url: str, statistics: LiteralString
) -> None:
    chosen = [case for case in cases() if case.name.startswith(("sweep", "backlog", "find"))]
    # Final orders have no index: their list passes all that is newer. A user's list may pass the user's other orders.
    chosen = [case for case in chosen if not case.name.startswith("find_False_confirmed")]
    most = {case.name: BLOCKS_OF_A_USER if case.name.startswith("find_True") else case.blocks for case in chosen}
    async with (
        session_of(migrated_url, keep_plans=False) as session,
        await psycopg.AsyncConnection.connect(migrated_url, autocommit=True) as other,
    ):
        for case in chosen:
            await session.execute(prepared(case).encode())
        await other.execute(FILL)
        await other.execute(statistics)
        await other.execute(FILL_RESTING)
        for prelude in ("SELECT 'no others yet'", "ANALYZE"):
            await other.execute(prelude)
            costs = [(case.name, await cost(session, case)) for case in chosen]
            assert {name: blocks for name, blocks in costs if blocks > most[name]} == {}


async def test_rare_statuses_are_found_at_a_bounded_cost(migrated_url: str) -> None:
    """The oldest orders alone are of the wanted status: of a hundred thousand, hardly more than a stretch is read."""
    stretch = 1_000
    looked_through = 2 * stretch  # each order may be on a page of its own, and pages are read again by whoever is next
    async with (
        session_of(migrated_url, keep_plans=False) as session,
        await psycopg.AsyncConnection.connect(migrated_url, autocommit=True) as other,
    ):
        for change, wanted, most in (
            (FILL, OrderStatus.CONFIRMED, BLOCKS_FOR_A_READ),
            (FAIL_THE_OLDEST, OrderStatus.FAILED, BLOCKS_FOR_A_READ),
            (FAIL_ALL_BUT_THE_OLDEST, OrderStatus.CONFIRMED, looked_through),
            (FILL_WAITING, OrderStatus.CONFIRMED, looked_through),
            (ROUTE_THE_OLDEST, OrderStatus.ROUTING, looked_through),
            (ROUTE_THE_OLDEST, OrderStatus.BUILDING, looked_through),
        ):
            await other.execute(change)
            for user in (None, "user"):
                for prelude in ("SELECT 'stale'", "ANALYZE orders"):
                    await other.execute(prelude)
                    query = OrderFilter(user, frozenset({wanted}))
                    statement, params = list_orders(query, (), 10, stretch)
                    case = Case(str(uuid4()), statement, tuple(params))
                    await session.execute(prepared(case).encode())
                    assert await cost(session, case) <= most, (change, wanted, user)


async def test_a_long_backlog_is_counted_in_its_index(migrated_url: str) -> None:
    case = Case("backlog", BACKLOG, (BACKLOG_MOST, BACKLOG_MOST))
    async with (
        session_of(migrated_url, keep_plans=case.keep_plan) as session,
        await psycopg.AsyncConnection.connect(migrated_url, autocommit=True) as other,
    ):
        await session.execute(prepared(case).encode())
        await other.execute(FILL_WAITING)
        await other.execute("VACUUM (ANALYZE) orders")
        assert await cost(session, case) < BLOCKS_OF_THE_INDEX
        [(unfinished, _)] = await (await session.execute(executed(case))).fetchall()
    assert unfinished == MANY


async def test_most_updates_touch_no_index(migrated_url: str) -> None:
    store = PostgresOrderStore(migrated_url)
    await store.open()
    orders = [an_order() for _ in range(1000)]
    async with await psycopg.AsyncConnection.connect(migrated_url, autocommit=True) as other:
        await other.execute("SELECT pg_stat_reset()")
        await asyncio.gather(*(store.add(order) for order in orders))
        await asyncio.gather(*(append_all(store, clean_run(order)) for order in orders))
        await store.close()

        async def hot_share() -> float:
            [(updates, hot)] = await (await other.execute(UPDATES)).fetchall()
            return float(hot / updates) if updates == 5000 else 0.0

        assert await eventually(hot_share) > 0.7
