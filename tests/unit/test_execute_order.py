"""Running an order: its steps, its attempts, and a store that is away meanwhile."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal

import pytest
from attrs import evolve

from application.execute_order import Done, RetryIn
from application.ports.errors import BuildRefused, Overloaded, StoreUnavailable, VenueUnavailable
from application.ports.order_store import Record
from application.venues import Quotes, Venues
from domain.order import Order
from domain.status import FailureReason, OrderStatus
from domain.transaction import Transaction, TransactionReport
from tests.builders import a_stamp, an_id
from tests.execution import CLEAN, Bench, open_bench
from tests.scripted_venue import DEAD, FILL, LANDED, REJECTED


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with open_bench() as bench:
        yield bench


async def test_a_clean_run_is_the_five_steps_stored_and_told(bench: Bench) -> None:
    order = await bench.order()
    assert await bench.execute(order.order_id) == Done()
    latest = await bench.latest(order)
    assert latest.logs == CLEAN
    assert (latest.status, latest.execution_price, latest.chosen_venue) == (
        OrderStatus.CONFIRMED,
        FILL.price,
        "Meteora",
    )
    frames = await bench.store.events(order.order_id, 0)
    await asyncio.sleep(0)
    assert [frame.text for frame in bench.told] == [frame.text for frame in frames]
    assert [json.loads(frame.text)["message"] for frame in frames] == list(CLEAN)


async def test_an_order_that_rests_or_is_held_is_left_alone(bench: Bench) -> None:
    born = await bench.order()
    resting = await bench.write(born, born.rest(a_stamp(), "151.2 or better"))
    held = evolve(await bench.order(), order_id=an_id(), held=True)
    await bench.store.add(held)
    for order in (resting, held):
        assert await bench.execute(order.order_id) == Done()
        assert (await bench.latest(order)).version == order.version


async def test_a_worker_whose_order_went_to_rest_meanwhile_lets_it_go(bench: Bench) -> None:
    order = await bench.order()

    async def takes_long(_: Transaction) -> TransactionReport:
        # Meanwhile another worker finds the transaction dead, and that the price went away.
        latest = await bench.latest(order)
        latest = await bench.write(latest, latest.fail_attempt(a_stamp(), "why", 3, 1000))
        await bench.write(latest, latest.miss_limit(a_stamp(), Decimal("151.1")))
        return DEAD

    bench.script.sending = [takes_long]
    assert await bench.execute(order.order_id) == Done()
    assert (await bench.latest(order)).status is OrderStatus.RESTING


async def test_three_rejections_fail_the_order_and_failed_is_told_once(bench: Bench) -> None:
    order = await bench.order()
    bench.script.sending = [REJECTED, REJECTED, REJECTED]
    assert await bench.execute(order.order_id) == RetryIn(1.0)
    assert await bench.execute(order.order_id) == RetryIn(2.0)
    assert await bench.execute(order.order_id) == Done()
    latest = await bench.latest(order)
    assert (latest.status, latest.attempt, latest.tx_hash) == (OrderStatus.FAILED, 3, None)
    assert latest.logs[4] == "Attempt 1 of 3 failed: Slippage tolerance exceeded. Retrying in 1 s"
    assert latest.logs[9] == "Attempt 2 of 3 failed: Slippage tolerance exceeded. Retrying in 2 s"
    assert latest.logs[-1] == "Slippage tolerance exceeded"
    await asyncio.sleep(0)
    assert [json.loads(frame.text)["status"] for frame in bench.told].count("failed") == 1
    assert len(set(bench.script.hashes_sent)) == 3


async def test_a_rejected_attempt_is_followed_by_a_confirmed_one(bench: Bench) -> None:
    order = await bench.order()
    bench.script.sending = [REJECTED]
    await bench.execute(order.order_id)
    assert await bench.execute(order.order_id) == Done()
    latest = await bench.latest(order)
    assert (latest.status, latest.attempt, latest.version) == (OrderStatus.CONFIRMED, 2, 10)
    attempts = [json.loads(f.text)["attempt"] for f in await bench.store.events(order.order_id, 0)]
    assert attempts == [1] * 5 + [2] * 5


async def test_each_attempt_says_that_it_asks_for_quotes_before_they_come(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await bench.order()
    bench.script.sending = [REJECTED, LANDED]
    told_at_quotes = []
    quotes = type(bench.execute.venues).quotes

    async def noted(venues: Venues, asking: Order) -> Quotes:
        told_at_quotes.append(json.loads(bench.told[-1].text)["message"])
        return await quotes(venues, asking)

    monkeypatch.setattr(type(bench.execute.venues), "quotes", noted)
    await bench.execute(order.order_id)
    await bench.execute(order.order_id)
    assert told_at_quotes == [CLEAN[0]] * 2


async def test_no_quote_at_all_fails_the_attempt(bench: Bench) -> None:
    order = await bench.order()
    bench.script.quoting = [VenueUnavailable("timeout"), VenueUnavailable("timeout")]
    assert await bench.execute(order.order_id) == RetryIn(1.0)
    assert (await bench.latest(order)).logs[-1] == "Attempt 1 of 3 failed: No venue could quote. Retrying in 1 s"


async def test_a_venue_that_cannot_build_fails_the_attempt_and_the_log_says_why(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    order = await bench.order()
    bench.script.building = [VenueUnavailable("500")]
    assert await bench.execute(order.order_id) == RetryIn(1.0)
    assert bench.script.sent == []
    [told] = [record.__dict__ for record in caplog.records if record.message == "venue_refused"]
    assert (told["order_id"], told["venue"], told["call"], told["why"]) == (order.order_id, "Meteora", "build", "500")


async def test_a_refused_build_says_why_and_is_not_tried_again_where_that_is_useless(bench: Bench) -> None:
    impact, funds = FailureReason.PRICE_IMPACT, FailureReason.INSUFFICIENT_FUNDS
    bench.script.building = [BuildRefused("moves it by 3%", impact), BuildRefused("has 1", funds, final=True)]
    order = await bench.order()
    assert await bench.execute(order.order_id) == RetryIn(1.0)
    assert (await bench.latest(order)).logs[-1] == "Attempt 1 of 3 failed: Price impact too high. Retrying in 1 s"
    assert await bench.execute(order.order_id) == Done()
    latest = await bench.latest(order)
    assert (latest.status, latest.reason, latest.attempt) == (OrderStatus.FAILED, funds, 2)
    assert bench.script.sent == []


async def test_a_transaction_that_is_dead_is_told_as_such(bench: Bench) -> None:
    order = await bench.order()
    bench.script.sending = [DEAD]
    assert await bench.execute(order.order_id) == RetryIn(1.0)
    assert (await bench.latest(order)).logs[-1] == "Attempt 1 of 3 failed: Transaction expired. Retrying in 1 s"


async def test_a_store_that_is_away_is_waited_out_in_mid_order(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    order = await bench.order()
    append, away = bench.store.append, [True]

    async def unreliable(record: Record) -> None:
        if away[0] and record.after.version == 3:
            raise StoreUnavailable
        await append(record)

    monkeypatch.setattr(bench.store, "append", unreliable)
    run = asyncio.create_task(bench.execute(order.order_id))
    await bench.clock.advance(20)
    assert not run.done()
    away[0] = False
    await bench.clock.advance(1)
    assert await run == Done()
    assert (await bench.latest(order)).logs == CLEAN


@pytest.mark.parametrize(
    ("error", "room"), [(StoreUnavailable(), 0), (Overloaded(), 1)], ids=["the store is away", "too much at once"]
)
async def test_a_store_that_fails_a_step_is_reported_and_one_that_only_has_much_to_do_is_not(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, error: Exception, room: int
) -> None:
    order = await bench.order()

    async def unreliable(_: Record) -> None:
        raise error

    monkeypatch.setattr(bench.store, "append", unreliable)
    run = asyncio.create_task(bench.execute(order.order_id))
    await bench.clock.advance(5)
    assert bench.execute.fitness.room(1) == room
    run.cancel()


async def test_an_order_whose_row_is_locked_stops_no_other(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    locked, append = await bench.order(), bench.store.append

    async def refuses_one(record: Record) -> None:
        if record.before.order_id == locked.order_id:
            await bench.clock.sleep(0.5)
            raise StoreUnavailable
        await append(record)

    monkeypatch.setattr(bench.store, "append", refuses_one)
    run = asyncio.create_task(bench.execute(locked.order_id))
    for _ in range(100):
        await bench.clock.advance(0.2)
        assert await bench.execute((await bench.order()).order_id) == Done()
        assert bench.execute.fitness.room(1) == 1
    run.cancel()


async def test_the_transaction_is_stored_before_it_is_sent(bench: Bench) -> None:
    order = await bench.order()
    stored: list[Order] = []

    async def look(_: object) -> TransactionReport:
        stored.append(await bench.latest(order))
        return LANDED

    bench.script.sending = [look]
    await bench.execute(order.order_id)
    [seen] = stored
    assert seen.status is OrderStatus.SUBMITTED
    assert seen.transaction is not None
    assert seen.transaction == bench.script.sent[0]
    assert seen.transaction.payload == b"signed"
    assert seen.transaction.expires_at == bench.clock.now() + timedelta(seconds=30)
