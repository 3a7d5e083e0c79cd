"""Halts in Postgres keep the contract; and what a server has lost is found by looking, and kept as a halt."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from attrs import define, evolve

from adapters.postgres.migrator import Migrator
from adapters.postgres.order_store import PostgresOrderStore
from adapters.postgres.trading_halts import PostgresTradingHalts
from application.ports.order_store import Record
from application.ports.write_marks import WriteMark
from domain.order import Order
from tests.builders import START, a_stamp, an_act, an_order
from tests.contracts.trading_halts import HaltsBench, TradingHaltsContract


@define
class Process:
    """What one process has of a database."""

    url: str
    store: PostgresOrderStore
    halts: PostgresTradingHalts

    async def sql(self, statement: str, *params: object) -> None:
        async with await psycopg.AsyncConnection.connect(self.url, autocommit=True) as connection:
            await connection.execute(statement.encode(), params)

    async def disconnected(self) -> None:
        """Have the server end all sessions of this database: what is asked next meets it over a new one."""
        await self.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )

    async def added(self) -> Order:
        order = an_order()
        await self.store.add(order)
        return order


@pytest.fixture
async def processes(database_url: str) -> AsyncIterator[list[Process]]:
    await Migrator(database_url).apply()
    async with AsyncExitStack() as stack:
        made = []
        for number in range(2):
            store = PostgresOrderStore(database_url)
            halts = PostgresTradingHalts(store.health, store.writes, f"process {number}")
            await store.open()
            stack.push_async_callback(store.close)
            made.append(Process(database_url, store, halts))
        yield made


class TestPostgresTradingHalts(TradingHaltsContract):
    @pytest.fixture
    async def bench(self, processes: list[Process]) -> HaltsBench:
        first, second = processes
        return HaltsBench(first.halts, second.halts, first.store)


async def test_a_lost_order_is_found_by_the_next_new_connection_and_halts_all(processes: list[Process]) -> None:
    finder, other = processes
    lost = await finder.added()
    await finder.sql("DELETE FROM orders WHERE order_id = %s", lost.order_id)
    await finder.disconnected()
    assert await finder.store.get(lost.order_id) is None
    assert lost.order_id in str(finder.halts.found)
    assert other.halts.found is None
    halt = await finder.halts.current()
    assert halt is not None
    assert halt.lost_writes
    assert lost.order_id in halt.why
    assert await other.halts.current() == halt


async def test_an_order_that_went_back_is_found(processes: list[Process]) -> None:
    finder, _ = processes
    order = await finder.added()
    await finder.store.append(Record.of(order, order.request_quotes(a_stamp(), ["Raydium"])))
    await finder.sql(
        "UPDATE orders SET version = 0, logs = '{}', status = 'pending' WHERE order_id = %s", order.order_id
    )
    await finder.disconnected()
    assert (await finder.halts.current() or order) is not order


async def test_a_lost_add_with_a_key_is_found(processes: list[Process]) -> None:
    finder, _ = processes
    order = an_order()
    await finder.store.add(order, "key")
    await finder.sql("DELETE FROM orders")
    await finder.disconnected()
    assert (await finder.halts.current() or order) is not order


async def test_what_moved_on_is_not_lost(processes: list[Process]) -> None:
    finder, other = processes
    order = await finder.added()
    await other.store.append(Record.of(order, order.request_quotes(a_stamp(), ["Raydium"])))
    await finder.disconnected()
    assert await finder.store.get(order.order_id) is not None
    assert (await finder.halts.current(), finder.halts.found) == (None, None)


async def test_a_halt_that_was_lost_too_is_begun_again(processes: list[Process]) -> None:
    finder, _ = processes
    await finder.added()
    await finder.sql("DELETE FROM orders")
    await finder.disconnected()
    assert await finder.halts.current() is not None
    await finder.added()  # what is written meanwhile is not looked for
    await finder.sql("DELETE FROM trading_halts")
    await finder.disconnected()
    halt = await finder.halts.current()
    assert halt is not None
    assert halt.lost_writes


async def test_what_an_operator_has_seen_to_is_not_found_again(processes: list[Process]) -> None:
    finder, late = processes
    for process in processes:
        await process.added()
    await finder.sql("DELETE FROM orders")
    await finder.disconnected()
    assert await finder.halts.current() is not None
    await finder.halts.end(an_act("ada"))
    assert (await finder.halts.current(), finder.halts.found) == (None, None)
    # This one was cut off all the time, and finds its own loss only now.
    assert (await late.halts.current(), late.halts.found) == (None, None)
    # But a loss after that is another one.
    await finder.added()
    await finder.sql("DELETE FROM orders")
    await finder.disconnected()
    assert await finder.halts.current() is not None


async def test_a_halt_by_hand_learns_of_a_loss(processes: list[Process]) -> None:
    finder, other = processes
    await other.halts.start("a drill", an_act("ada"))
    await finder.added()
    await finder.sql("DELETE FROM orders")
    await finder.disconnected()
    halt = await finder.halts.current()
    assert halt is not None
    assert (halt.by, halt.lost_writes, halt.why.startswith("a drill; order ")) == ("ada", True, True)


async def test_old_orders_may_be_deleted(processes: list[Process], monkeypatch: pytest.MonkeyPatch) -> None:
    finder, _ = processes
    await finder.added()
    await finder.sql("DELETE FROM orders")
    day_later = finder.store.writes.seconds() + 90_000
    monkeypatch.setattr(finder.store.writes, "seconds", lambda: day_later)
    await finder.disconnected()
    assert (await finder.halts.current(), finder.halts.found) == (None, None)


async def marked(process: Process, **over: Any) -> WriteMark:
    """Add an order; return its mark, changed as wanted."""
    await process.added()
    mark = await process.halts.mark(datetime.now(UTC))
    assert mark is not None
    return evolve(mark, **over)


async def test_a_mark_is_the_newest_write_once(processes: list[Process]) -> None:
    process, _ = processes
    assert await process.halts.mark(START) is None
    order = await process.added()
    mark = await process.halts.mark(START)
    assert mark is not None
    assert (mark.order_id, mark.version, mark.timeline, mark.at) == (order.order_id, 0, 1, START)
    assert mark.database.startswith("test_")
    assert await process.halts.mark(START) is None


async def test_a_mark_of_before_a_failover_that_is_not_there_halts_whoever_finds_it(processes: list[Process]) -> None:
    writer, started_later = processes
    mark = await marked(writer, timeline=0)
    await started_later.halts.compare([mark])
    assert started_later.halts.found is None
    await writer.sql("DELETE FROM orders")
    await started_later.halts.compare([mark])
    halt = await started_later.halts.current()
    assert halt is not None
    assert halt.lost_writes
    # What an operator has seen to is not found again, by whoever starts next.
    await writer.halts.end(an_act("ada"))
    await started_later.halts.current()
    assert await started_later.halts.current() is None
    await started_later.halts.compare([mark])
    assert await started_later.halts.current() is None


@pytest.mark.parametrize(
    "over",
    [
        {},
        {"timeline": 2},
        {"system": "1", "timeline": 0},
        {"database": "other", "timeline": 0},
        {"at": datetime.now(UTC) - timedelta(hours=25), "timeline": 0},
    ],
)
async def test_a_mark_of_elsewhere_of_this_timeline_or_of_days_ago_proves_nothing(
    processes: list[Process], over: dict[str, Any]
) -> None:
    writer, started_later = processes
    mark = await marked(writer, **over)
    await writer.sql("DELETE FROM orders")
    await started_later.halts.compare([mark])
    assert await started_later.halts.current() is None
