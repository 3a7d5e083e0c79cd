"""Several stores on one database, and other sessions in the way."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, LiteralString

import psycopg
import pytest

from adapters.postgres.order_store import PostgresOrderStore
from adapters.postgres.unfinished import SWEEP_LOCK
from application.ports.errors import IdempotencyKeyReused, Overloaded, StaleOrder, StoreUnavailable
from application.ports.order_store import Admission, OpenOrders, OrderFilter
from domain.order import Order, Step
from tests.builders import START, VENUES, a_stamp, an_order
from tests.contracts.order_store_harness import append


@pytest.fixture
async def stores(migrated_url: str) -> AsyncIterator[list[PostgresOrderStore]]:
    stores = [PostgresOrderStore(migrated_url) for _ in range(2)]
    for store in stores:
        await store.open()
    yield stores
    for store in stores:
        await store.close()


@pytest.fixture
async def other(migrated_url: str) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    """A session that is not the store's."""
    async with await psycopg.AsyncConnection.connect(migrated_url, autocommit=True) as connection:
        yield connection


async def one(connection: psycopg.AsyncConnection[Any], query: LiteralString) -> Any:
    """Return the one value, or the one row of values, of a query."""
    [row] = await (await connection.execute(query)).fetchall()
    return row[0] if len(row) == 1 else row


def first_step(order: Order) -> Step:
    return order.request_quotes(a_stamp(1), VENUES)


@pytest.mark.parametrize(("key", "named"), [("k", {}), (None, {"clientOrderId": "c"}), ("k", {"clientOrderId": "c"})])
async def test_of_equal_requests_on_two_processes_one_adds(
    stores: list[PostgresOrderStore],
    other: psycopg.AsyncConnection[Any],
    key: str | None,
    named: dict[str, object],
) -> None:
    for turn in range(20):
        admissions = await asyncio.gather(
            *(store.add(an_order(userId=f"u{turn}", **named), key) for _ in range(25) for store in stores)
        )
        assert len({admission.order_id for admission in admissions}) == 1
        assert [admission.replayed for admission in admissions].count(False) == 1
    assert await one(other, "SELECT count(*) FROM orders") == 20
    assert await one(other, "SELECT count(*) FROM idempotency_keys") == (20 if key else 0)


async def test_one_client_order_id_under_many_keys_on_two_processes_is_one_order(
    stores: list[PostgresOrderStore], other: psycopg.AsyncConnection[Any]
) -> None:
    for turn in range(20):
        admissions = await asyncio.gather(
            *(
                store.add(an_order(userId=f"u{turn}", clientOrderId="c"), f"k{n}{m}")
                for n in range(25)
                for m, store in enumerate(stores)
            )
        )
        assert len({admission.order_id for admission in admissions}) == 1
    assert await one(other, "SELECT count(*) FROM orders") == 20
    assert await one(other, "SELECT count(*) FROM idempotency_keys k JOIN orders o USING (order_id)") == 20 * 50


async def test_keys_and_client_order_ids_in_opposite_orders_never_deadlock(
    stores: list[PostgresOrderStore], other: psycopg.AsyncConnection[Any]
) -> None:
    def calls(store: PostgresOrderStore, turn: int, step: int) -> list[asyncio.Task[Admission]]:
        numbers = range(30)[::step]
        return [
            asyncio.create_task(store.add(an_order(userId=f"u{turn}", clientOrderId=f"c{n}"), f"k{(n * 7) % 30}"))
            for n in numbers
        ]

    for turn in range(10):
        tasks = calls(stores[0], turn, 1) + calls(stores[1], turn, -1)
        outcomes = await asyncio.gather(*tasks)
        assert len({outcome.order_id for outcome in outcomes}) == 30
    assert await one(other, "SELECT count(*) FROM orders") == 300


async def test_racers_on_two_processes_have_one_winner(stores: list[PostgresOrderStore]) -> None:
    orders = [an_order() for _ in range(20)]
    await asyncio.gather(*(stores[0].add(order) for order in orders))
    outcomes = await asyncio.gather(
        *(
            append(store, first_step(order))
            for store, some in zip(stores, (orders, orders[::-1]), strict=True)
            for order in some
        ),
        return_exceptions=True,
    )
    assert [type(outcome) for outcome in outcomes].count(StaleOrder) == 20
    for order in orders:
        assert len(await stores[1].events(order.order_id, 0)) == 1


async def test_a_row_that_another_session_holds_stops_no_neighbour(
    stores: list[PostgresOrderStore], other: psycopg.AsyncConnection[Any]
) -> None:
    orders = [an_order() for _ in range(10)]
    await asyncio.gather(*(stores[0].add(order) for order in orders))
    async with other.transaction():
        await other.execute("SELECT 1 FROM orders WHERE order_id = %s FOR UPDATE", (orders[4].order_id,))
        outcomes = await asyncio.gather(
            *(append(stores[0], first_step(order)) for order in orders), return_exceptions=True
        )
    assert isinstance(held := outcomes.pop(4), StoreUnavailable)
    assert held.accepted is False
    assert not any(isinstance(outcome, BaseException) for outcome in outcomes)
    await append(stores[0], first_step(orders[4]))


async def test_a_plain_order_never_waits_for_a_key(
    stores: list[PostgresOrderStore], other: psycopg.AsyncConnection[Any]
) -> None:
    async with other.transaction():
        await other.execute("INSERT INTO idempotency_keys VALUES ('user123', 'k', 'x', now())")
        keyed = asyncio.create_task(stores[0].add(an_order(), "k"))
        await asyncio.sleep(0)
        for _ in range(20):
            await stores[0].add(an_order())
        assert not keyed.done()
        await other.execute("DELETE FROM idempotency_keys")
    assert isinstance(await keyed, Admission)


async def test_a_key_whose_order_was_deleted_harms_no_other(
    stores: list[PostgresOrderStore], other: psycopg.AsyncConnection[Any]
) -> None:
    await stores[0].add(an_order(), "k")
    await other.execute("DELETE FROM orders")
    outcomes = await asyncio.gather(
        stores[0].add(an_order(), "k"), *(stores[0].add(an_order(), f"k{n}") for n in range(10)), return_exceptions=True
    )
    assert isinstance(outcomes[0], StoreUnavailable)
    assert all(isinstance(outcome, Admission) for outcome in outcomes[1:])


async def test_a_server_that_only_reads_refuses_writes_and_takes_them_again(
    stores: list[PostgresOrderStore], other: psycopg.AsyncConnection[Any], migrated_url: str
) -> None:
    order = an_order()
    database = migrated_url.rsplit("/", 1)[1]
    await other.execute(f"ALTER DATABASE {database} SET default_transaction_read_only = on".encode())
    try:
        for key in (None, "k"):
            with pytest.raises(StoreUnavailable) as refused:
                await stores[0].add(order, key)
            assert refused.value.accepted is False
        assert (await stores[0].find(OrderFilter(), None, 1)).orders == ()
    finally:
        await other.execute("SET default_transaction_read_only = off")
        await other.execute(f"ALTER DATABASE {database} RESET default_transaction_read_only".encode())
    assert (await stores[0].add(order, "k")).order_id == order.order_id


async def test_only_one_session_sweeps(stores: list[PostgresOrderStore], other: psycopg.AsyncConnection[Any]) -> None:
    await stores[0].add(an_order())
    await other.execute("UPDATE orders SET updated_at = updated_at - interval '1 hour'")
    async with other.transaction():
        await other.execute("SELECT pg_advisory_xact_lock(%s::bigint)", (SWEEP_LOCK,))
        assert await stores[0].open_orders(None, 10, 30) == OpenOrders((), None)
    assert len((await stores[0].open_orders(None, 10, 30)).order_ids) == 1


async def test_times_are_stored_in_utc_in_a_server_of_another_zone(
    stores: list[PostgresOrderStore], other: psycopg.AsyncConnection[Any]
) -> None:
    order = an_order()
    await stores[0].add(order, "k")
    row = await one(
        other,
        "SELECT current_setting('TimeZone'), o.created_at, now() AT TIME ZONE 'UTC' - o.updated_at < interval '1 min',"
        " now() AT TIME ZONE 'UTC' - k.created_at < interval '1 min'"
        " FROM orders AS o JOIN idempotency_keys AS k USING (order_id)",
    )
    assert row == ("Asia/Kolkata", START.replace(tzinfo=None), True, True)


async def test_more_calls_than_may_wait_are_refused_and_the_others_kept(migrated_url: str) -> None:
    store = PostgresOrderStore(migrated_url, most=5, bound=10)
    await store.open()
    orders = [an_order() for _ in range(50)]
    outcomes = await asyncio.gather(*(store.add(order) for order in orders), return_exceptions=True)
    taken = [order for order, outcome in zip(orders, outcomes, strict=True) if not isinstance(outcome, Overloaded)]
    assert 10 <= len(taken) < 50
    assert len(await store.last_seqs([order.order_id for order in orders])) == len(taken)
    await store.close()


async def test_closing_finishes_the_writes_that_wait(migrated_url: str, other: psycopg.AsyncConnection[Any]) -> None:
    store = PostgresOrderStore(migrated_url, most=5)
    await store.open()
    adds = [asyncio.create_task(store.add(an_order())) for _ in range(50)]
    await asyncio.sleep(0)
    await store.close()
    await asyncio.gather(*adds)
    assert await one(other, "SELECT count(*) FROM orders") == 50


async def test_a_reused_key_is_told_across_processes(stores: list[PostgresOrderStore]) -> None:
    await stores[0].add(an_order(), "k")
    with pytest.raises(IdempotencyKeyReused):
        await stores[1].add(an_order(amount=11), "k")
