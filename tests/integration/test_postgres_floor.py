"""What reads unfinished orders passes little of what finished under a held snapshot, and misses nothing for that."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, LiteralString

import psycopg
import pytest
from attrs import frozen

from adapters.postgres import listing, unfinished
from adapters.postgres.connector import Connector
from adapters.postgres.list_statements import list_orders
from adapters.postgres.order_store import PostgresOrderStore
from adapters.postgres.sessions import SESSION
from adapters.postgres.unfinished import BACKLOG_MOST, BELOW_FLOOR_MOST, FLOOR_GAIN, FLOOR_WINDOW, SWEEP_LOCK
from application.ports.order_store import OrderFilter
from domain.order import Order
from domain.status import OrderStatus
from tests.builders import an_order
from tests.contracts.order_store_harness import append, rested_run

MANY = FLOOR_GAIN + FLOOR_WINDOW
COME: LiteralString = """
INSERT INTO orders (order_id, user_id, input_token, output_token, amount, status, logs, created_at, updated_at)
SELECT gen_random_uuid(), 'user', 'SOL', 'USDC', 10, 'pending', '{}', now(), now() FROM generate_series(1, %s)
"""
GO: LiteralString = """
UPDATE orders SET status = 'confirmed', execution_price = 1, finished_at = now() WHERE user_id = 'user'
"""
# Passing MANY index entries touches each entry's row.
BLOCKS = 200


@frozen
class Engine:
    store: PostgresOrderStore
    url: str

    async def run(self, statement: LiteralString, *params: object) -> list[tuple[Any, ...]]:
        async with await psycopg.AsyncConnection.connect(self.url, autocommit=True) as connection:
            cursor = await connection.execute(statement, params)
            return await cursor.fetchall() if cursor.description else []

    async def add(self) -> Order:
        await self.store.add(order := an_order())
        return order

    async def pass_by(self, many: int = MANY) -> None:
        """Let so many orders come and finish."""
        await self.run(COME, many)
        await self.run(GO)

    async def sweep(self) -> list[str]:
        await self.run("UPDATE orders SET updated_at = updated_at - interval '1 day' WHERE finished_at IS NULL")
        return list((await self.store.open_orders(None, 10, 30)).order_ids)

    async def floor(self) -> int:
        [(floor,)] = await self.run("SELECT floor FROM sweep_floor")
        return int(floor)

    async def blocks(self) -> dict[str, int]:
        """Say how much of the database each reader of unfinished orders touches."""
        pending = OrderFilter(statuses=frozenset({OrderStatus.PENDING}))
        listed, of_list = list_orders(pending, (), 50, listing.STRETCH)
        cases: dict[str, tuple[str, tuple[object, ...]]] = {
            "sweep": (unfinished.SWEEP, (SWEEP_LOCK, None, 30, 1000)),
            "backlog": (unfinished.BACKLOG, (BACKLOG_MOST, BACKLOG_MOST)),
            "list": (listed, tuple(of_list)),
            "floor": (unfinished.RAISE_FLOOR, (BELOW_FLOOR_MOST, FLOOR_GAIN, FLOOR_WINDOW)),
        }
        touched = {}
        async with await Connector(self.url, "floor").connect(SESSION) as connection:
            for name, (statement, params) in cases.items():
                explain = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}"
                [([told],)] = await (await connection.execute(explain.encode(), params)).fetchall()
                touched[name] = int(told["Plan"]["Shared Hit Blocks"] + told["Plan"]["Shared Read Blocks"])
        return touched


@pytest.fixture
async def engine(migrated_url: str) -> AsyncIterator[Engine]:
    store = PostgresOrderStore(migrated_url)
    await store.open()
    yield Engine(store, migrated_url)
    await store.close()


@asynccontextmanager
async def held_snapshot(url: str) -> AsyncIterator[None]:
    """As a dump holds one."""
    async with await psycopg.AsyncConnection.connect(url) as connection:
        await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        await connection.execute("SELECT count(*) FROM orders")
        yield


async def test_what_finished_under_a_held_snapshot_is_passed_by_no_reader(engine: Engine) -> None:
    stuck = await engine.add()
    async with held_snapshot(engine.url):
        await engine.pass_by()
        unraised = await engine.blocks()
        assert min(unraised[name] for name in ("sweep", "backlog", "list")) > BLOCKS
        await engine.sweep()
        new = await engine.add()
        assert await engine.sweep() == [stuck.order_id, new.order_id]
        assert {name: blocks for name, blocks in (await engine.blocks()).items() if blocks > BLOCKS} == {}
        assert (await engine.store.backlog()).open == 2
        listed = await engine.store.find(OrderFilter(statuses=frozenset({OrderStatus.PENDING})), None, 10)
        assert [order.order_id for order in listed.orders] == [new.order_id, stuck.order_id]


async def test_what_rested_or_was_held_below_the_floor_is_swept_when_it_runs(engine: Engine) -> None:
    rests, held = await engine.add(), await engine.add()
    rest, trigger, *_ = rested_run(rests)
    await append(engine.store, rest)
    await engine.run("UPDATE orders SET held = true WHERE order_id = %s", held.order_id)
    await engine.pass_by()
    await engine.sweep()
    assert await engine.sweep() == []
    assert await engine.floor() > FLOOR_WINDOW
    await append(engine.store, trigger)
    assert await engine.sweep() == [rests.order_id]
    await engine.run("UPDATE orders SET held = false WHERE order_id = %s", held.order_id)
    assert await engine.sweep() == [rests.order_id, held.order_id]


async def test_an_order_that_is_committed_late_is_swept(engine: Engine) -> None:
    async with await psycopg.AsyncConnection.connect(engine.url) as late:
        await late.execute(COME, (1,))  # its id is the lowest
        await engine.pass_by()
        assert await engine.sweep() == []
        assert await engine.sweep() == []
        assert await engine.floor() == 0
        await late.commit()
    [late_id] = await engine.sweep()
    assert await engine.floor() > FLOOR_WINDOW
    assert await engine.sweep() == [late_id]


async def test_a_long_backlog_holds_the_floor_and_all_of_it_is_seen(engine: Engine) -> None:
    await engine.run(COME, MANY)
    for _ in range(3):
        assert len(await engine.sweep()) == 10
    assert await engine.floor() == 0
    assert (await engine.store.backlog()).open == MANY


async def test_where_ids_begin_anew_so_does_the_floor(engine: Engine) -> None:
    await engine.pass_by()
    await engine.sweep()
    await engine.sweep()
    assert await engine.floor() > FLOOR_WINDOW
    await engine.run("TRUNCATE orders RESTART IDENTITY")
    order = await engine.add()
    assert (await engine.store.backlog()).open == 1
    assert await engine.sweep() == [order.order_id]


async def test_the_sweep_goes_on_where_the_floor_cannot_rise(engine: Engine) -> None:
    order = await engine.add()
    await engine.run("ALTER FUNCTION raise_sweep_floor RENAME TO not_there")
    try:
        assert await engine.sweep() == [order.order_id]
    finally:
        await engine.run("ALTER FUNCTION not_there RENAME TO raise_sweep_floor")
