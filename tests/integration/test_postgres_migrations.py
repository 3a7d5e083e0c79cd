"""The schema: made once by whoever comes first, and made out of a table that was there before."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from attrs import evolve

from adapters.postgres.migrator import Migration, MigrationFailed, Migrator, bundled_migrations
from adapters.postgres.order_store import PostgresOrderStore
from application.ports.errors import StoreUnavailable
from application.ports.order_store import OrderFilter
from domain.status import OrderStatus
from tests.builders import an_order
from tests.eventually import eventually

HAND_MADE = """
CREATE TABLE orders (
    id SERIAL PRIMARY KEY,
    order_id VARCHAR(255) UNIQUE NOT NULL,
    user_id VARCHAR(255) NOT NULL,
    input_token VARCHAR(50) NOT NULL,
    output_token VARCHAR(50) NOT NULL,
    amount DECIMAL(18,8) NOT NULL,
    status VARCHAR(20) NOT NULL,
    execution_price DECIMAL(18,8),
    tx_hash VARCHAR(255),
    logs TEXT[],
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
)
"""
CLEAN_RUN = [
    "Fetching quotes from Raydium & Meteora...",
    "Best route: Meteora",
    "Building transaction...",
    "Transaction submitted to network...",
    "Swap executed successfully",
]


@pytest.fixture
async def hand_made(database_url: str) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    """A table made and filled as the original engine does it, in the server's own time zone."""
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        await connection.execute(HAND_MADE)
        yield connection


async def insert(
    connection: psycopg.AsyncConnection[Any],
    order_id: str,
    status: str,
    logs: list[str | None] | None,
    price: str | None = None,
    tx_hash: str | None = None,
    amount: str = "10",
) -> None:
    await connection.execute(
        "INSERT INTO orders (order_id, user_id, input_token, output_token, amount, status, logs, execution_price,"
        " tx_hash)"
        " VALUES (%s, 'Zoë \"x\"', 'SOL', 'USDC', %s, %s, %s, %s, %s)",
        (order_id, amount, status, logs, price, tx_hash),
    )


@pytest.fixture
async def adopted(database_url: str) -> AsyncIterator[PostgresOrderStore]:
    """A store on the database; migrate before use."""
    store = PostgresOrderStore(database_url)
    await store.open()
    yield store
    await store.close()


async def test_ten_processes_at_once_apply_each_file_once(database_url: str) -> None:
    names = [migration.name for migration in bundled_migrations()]
    assert await Migrator(database_url).pending() == names
    applied = await asyncio.gather(*(Migrator(database_url).apply() for _ in range(10)))
    assert sorted(name for each in applied for name in each) == names
    migrator = Migrator(database_url)
    assert await migrator.pending() == []
    assert await migrator.apply() == []


async def test_a_file_that_changed_after_it_was_applied_is_an_error(database_url: str) -> None:
    await Migrator(database_url).apply()
    first, *others = bundled_migrations()
    changed = Migrator(database_url, [evolve(first, text=first.text + "-- more"), *others])
    for attempt in (changed.apply, changed.pending):
        with pytest.raises(MigrationFailed, match=rf"{first.name} was changed"):
            await attempt()


async def test_a_file_that_fails_leaves_nothing_and_says_why(database_url: str) -> None:
    await Migrator(database_url).apply()
    known = list(bundled_migrations())
    bad = evolve(known[0], name="9999_bad.sql", text="CREATE TABLE half (); SELECT nonsense;")
    with pytest.raises(MigrationFailed, match=r"9999_bad\.sql: .*nonsense"):
        await Migrator(database_url, [*known, bad]).apply()
    assert await Migrator(database_url, [*known, bad]).pending() == ["9999_bad.sql"]
    good = evolve(bad, text="CREATE TABLE half ()")
    assert await Migrator(database_url, [*known, good]).apply() == ["9999_bad.sql"]


async def test_only_known_statuses_can_be_written(database_url: str) -> None:
    await Migrator(database_url).apply()
    fields = "INSERT INTO orders (order_id, user_id, input_token, output_token, amount, status)"
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        for status in OrderStatus:
            await connection.execute(fields.encode() + b" VALUES (%s, 'u', 'SOL', 'USDC', 1, %s)", (status, status))
        with pytest.raises(psycopg.errors.CheckViolation):
            await connection.execute(fields.encode() + b" VALUES ('x', 'u', 'SOL', 'USDC', 1, 'waiting')")
        valid = await connection.execute("SELECT convalidated FROM pg_constraint WHERE conname = 'orders_status_known'")
        assert await valid.fetchall() == [(True,)]


async def test_a_server_that_cannot_be_reached_is_told() -> None:
    nowhere = Migrator("postgresql://nobody@127.0.0.1:1/none")
    for attempt in (nowhere.apply, nowhere.pending):
        with pytest.raises(StoreUnavailable):
            await attempt()


async def test_a_database_without_the_schema_is_unavailable(database_url: str, adopted: PostgresOrderStore) -> None:
    with pytest.raises(StoreUnavailable):
        await adopted.find(OrderFilter(), None, 1)


async def test_adopted_orders_read_as_what_they_were(
    hand_made: psycopg.AsyncConnection[Any], database_url: str, adopted: PostgresOrderStore
) -> None:
    await insert(hand_made, "confirmed", "confirmed", list(CLEAN_RUN), price="147.3312", tx_hash="tx_x8ckl03_mock")
    await insert(hand_made, "failed", "failed", [*CLEAN_RUN[:4], "Slippage tolerance exceeded"], tx_hash="tx_y_mock")
    await insert(hand_made, "crashed", "failed", ['Oh "no" \\ 🚀\n', None])
    await insert(hand_made, "silent", "confirmed", None)
    await insert(hand_made, "nan", "failed", [], amount="NaN", price="NaN")
    assert await Migrator(database_url).apply() == [migration.name for migration in bundled_migrations()]

    confirmed = await adopted.get("confirmed")
    assert confirmed is not None
    assert (confirmed.status, confirmed.version, confirmed.attempt) == (OrderStatus.CONFIRMED, 5, 1)
    assert (confirmed.chosen_venue, confirmed.tx_hash, confirmed.execution_price) == (
        "Meteora",
        "tx_x8ckl03_mock",
        Decimal("147.3312"),
    )
    assert confirmed.logs == tuple(CLEAN_RUN)
    assert confirmed.finished_at == confirmed.updated_at
    assert abs(datetime.now(UTC) - confirmed.created_at) < timedelta(minutes=1)  # the server's zone is 5.5 hours off

    failed = await adopted.get("failed")
    assert failed is not None
    assert (failed.reason, failed.tx_hash, failed.execution_price) == ("slippage_exceeded", None, None)
    crashed = await adopted.get("crashed")
    assert crashed is not None
    assert (crashed.reason, crashed.logs) == ("internal_error", ('Oh "no" \\ 🚀\n', ""))
    silent = await adopted.get("silent")
    assert silent is not None
    assert (silent.version, silent.logs) == (0, ())
    assert (await adopted.last_seqs(["silent"]))["silent"].final
    nan = await adopted.get("nan")
    assert nan is not None
    assert (nan.amount, nan.execution_price) == (Decimal(0), None)


async def test_adopted_orders_have_a_frame_for_each_log(
    hand_made: psycopg.AsyncConnection[Any], database_url: str, adopted: PostgresOrderStore
) -> None:
    await insert(hand_made, "a", "confirmed", list(CLEAN_RUN), price="147.33120000", tx_hash="tx_x8ckl03_mock")
    await insert(hand_made, "b", "failed", ['Oh "no" \\ 🚀\n'])
    await Migrator(database_url).apply()
    frames = await adopted.events("a", 0)
    assert [frame.seq for frame in frames] == [1, 2, 3, 4, 5]
    assert [frame.final for frame in frames] == [False] * 4 + [True]
    told = [json.loads(frame.text, parse_float=str) for frame in frames]
    assert [frame["message"] for frame in told] == CLEAN_RUN
    assert [frame["status"] for frame in told] == ["routing", "routing", "building", "submitted", "confirmed"]
    assert told[1]["chosenDex"] == "Meteora"
    stored = await adopted.get("a")
    assert stored is not None
    assert frames[-1].text == (
        '{"orderId":"a","status":"confirmed","message":"Swap executed successfully","txHash":"tx_x8ckl03_mock",'
        f'"executionPrice":147.3312,"seq":5,"timestamp":"{stored.updated_at:%Y-%m-%dT%H:%M:%S}.'
        f'{stored.updated_at.microsecond // 1000:03d}Z","attempt":1,"userId":"Zoë \\"x\\""}}'
    )
    [failed] = await adopted.events("b", 0)
    assert json.loads(failed.text)["message"] == 'Oh "no" \\ 🚀\n'
    assert json.loads(failed.text)["reasonCode"] == "internal_error"


async def test_unfinished_adopted_orders_run_only_when_an_operator_says_so(
    hand_made: psycopg.AsyncConnection[Any], database_url: str, adopted: PostgresOrderStore
) -> None:
    for status, logs in (("pending", None), ("routing", CLEAN_RUN[:1]), ("submitted", CLEAN_RUN[:4])):
        await insert(hand_made, status, status, list(logs) if logs else None)
    await insert(hand_made, "worthless", "pending", None, amount="0")
    await hand_made.execute("UPDATE orders SET updated_at = updated_at - interval '1 hour'")
    migrator = Migrator(database_url)
    await migrator.apply()
    assert (await adopted.open_orders(None, 10, 30)).order_ids == ()
    routing = await adopted.get("routing")
    assert routing is not None
    assert routing.version == 1
    assert await migrator.apply(adopt_open=True) == []
    assert (await adopted.open_orders(None, 10, 30)).order_ids == ("pending", "routing")


async def test_a_status_of_another_engine_is_not_adopted(
    hand_made: psycopg.AsyncConnection[Any], database_url: str
) -> None:
    await insert(hand_made, "odd", "refunded", None)
    with pytest.raises(MigrationFailed, match="orders_status_known"):
        await Migrator(database_url).apply()


async def test_new_orders_follow_the_adopted_ones(
    hand_made: psycopg.AsyncConnection[Any], database_url: str, adopted: PostgresOrderStore
) -> None:
    await insert(hand_made, "old", "failed", None)
    await Migrator(database_url).apply()
    plain, keyed = an_order(), an_order()
    await adopted.add(plain)
    await adopted.add(keyed, "k")
    listed = (await adopted.find(OrderFilter(), None, 10)).orders
    assert [order.order_id for order in listed] == [keyed.order_id, plain.order_id, "old"]


async def test_the_given_columns_keep_their_types(database_url: str) -> None:
    query = (
        "SELECT column_name, data_type, character_maximum_length, numeric_precision, numeric_scale, is_nullable,"
        " column_default FROM information_schema.columns WHERE table_name = 'orders' ORDER BY ordinal_position LIMIT 12"
    )
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        await connection.execute(HAND_MADE)
        wanted = await (await connection.execute(query)).fetchall()
        assert wanted[0][:2] == ("id", "integer")
        wanted[0] = ("id", "bigint", None, 64, *wanted[0][4:])  # 32 bits are days of work: migration 0004
        await connection.execute("DROP TABLE orders")
        await Migrator(database_url).apply()
        assert await (await connection.execute(query)).fetchall() == wanted


EXECUTION = """
INSERT INTO executions (order_id, user_id, input_token, output_token, venue, tx_hash, amount_in, amount_out, venue_fee,
    executed_at)
VALUES (%s, 'u', 'SOL', 'USDC', %s, %s, 1, 1, 0, now())
"""
LANDED_ONCE = "0013_landed_once.sql"


async def before(name: str, url: str) -> list[Migration]:
    """Apply what comes before a file; return it and what comes after."""
    known = list(bundled_migrations())
    at = [migration.name for migration in known].index(name)
    await Migrator(url, known[:at]).apply()
    return known[at:]


async def test_swaps_that_confirmed_several_orders_may_stay_and_none_comes_to_them(database_url: str) -> None:
    await before(LANDED_ONCE, database_url)
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        for order_id, venue, tx_hash in (
            ("a", "M", "1"),
            ("b", "M", "1"),
            ("c", "M", "1"),
            ("d", "R", "1"),
            ("e", "M", "2"),
        ):
            await connection.execute(EXECUTION, (order_id, venue, tx_hash))
        await Migrator(database_url).apply()
        assert await Migrator(database_url).pending() == []
        repeats = await connection.execute("SELECT order_id FROM executions WHERE repeats ORDER BY id")
        assert await repeats.fetchall() == [("b",), ("c",)]
        for venue, tx_hash in (("M", "1"), ("M", "2"), ("R", "1")):
            with pytest.raises(psycopg.errors.UniqueViolation):
                await connection.execute(EXECUTION, ("x", venue, tx_hash))
        await connection.execute(EXECUTION, ("x", "R", "2"))


async def test_executions_are_written_while_their_index_is_made(database_url: str) -> None:
    await before(LANDED_ONCE, database_url)
    connect = psycopg.AsyncConnection.connect
    async with await connect(database_url) as open_one, await connect(database_url, autocommit=True) as another:
        await open_one.execute(EXECUTION, ("a", "M", "1"))
        applying = asyncio.create_task(Migrator(database_url).apply())
        await eventually(lambda: is_made(another, "executions_landed_once"))
        async with asyncio.timeout(5):
            await another.execute(EXECUTION, ("b", "M", "2"))
        assert not applying.done()
        await open_one.commit()
        assert LANDED_ONCE in await applying


async def is_made(connection: psycopg.AsyncConnection[Any], index: str) -> bool:
    found = await connection.execute("SELECT to_regclass(%s) IS NOT NULL", (index,))
    return await found.fetchone() == (True,)


async def test_an_index_that_was_left_half_made_is_made_again(database_url: str) -> None:
    file = (await before(LANDED_ONCE, database_url))[0]
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        for order_id in "ab":
            await connection.execute(EXECUTION, (order_id, "M", "1"))
        with pytest.raises(psycopg.errors.UniqueViolation):
            await connection.execute((file.statements or ())[-1].encode())
        await Migrator(database_url).apply()
        valid = await connection.execute(
            "SELECT indisvalid FROM pg_index WHERE indexrelid = 'executions_landed_once'::regclass"
        )
        assert await valid.fetchone() == (True,)


async def test_a_statement_that_fails_outside_of_a_transaction_is_told_and_keeps_nobody_out(database_url: str) -> None:
    await Migrator(database_url).apply()
    known = list(bundled_migrations())
    text = "CREATE TABLE half ();\n\nCREATE INDEX CONCURRENTLY half_nonsense ON half (nonsense);"
    bad = evolve(known[0], name="9999_bad.sql", text=text)
    with pytest.raises(MigrationFailed, match=r"9999_bad\.sql: .*nonsense"):
        await Migrator(database_url, [*known, bad]).apply()
    good = evolve(
        bad, text="DROP TABLE half;\n\nCREATE TABLE half (a int);\n\nCREATE INDEX CONCURRENTLY half_a ON half (a);"
    )
    assert await Migrator(database_url, [*known, good]).apply() == ["9999_bad.sql"]
