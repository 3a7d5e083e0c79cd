"""An order for which no venue can be reached: it waits without using an attempt, and tells nothing twice."""

from collections.abc import AsyncIterator

import pytest
from attrs import evolve

from application.execute_order import Done, RetryIn
from application.ports.errors import VenueUnavailable, VenueUnreachable
from application.venues import COOL_OFF_SECONDS, Venues
from domain.order import Order
from domain.status import FailureReason, OrderStatus
from domain.transaction import Transaction, TransactionReport
from tests.execution import CLEAN, SUBMITTED, Bench, open_bench
from tests.scripted_venue import LANDED, UNKNOWN

FAILED = "Attempt {} of 3 failed: No venue could quote. Retrying in {} s"


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with open_bench() as bench:
        yield bench


async def run_until_recorded(bench: Bench, order: Order) -> float:
    """Run the order as a worker would until it takes a step; return the seconds that took."""
    begun, version = bench.clock.monotonic(), (await bench.latest(order)).version
    while True:
        outcome = await bench.execute(order.order_id)
        if (await bench.latest(order)).version != version:
            return bench.clock.monotonic() - begun
        assert isinstance(outcome, RetryIn)
        assert outcome.seconds >= 1
        await bench.clock.advance(outcome.seconds)


async def test_it_waits_for_each_attempt_and_then_fails(bench: Bench) -> None:
    order = await bench.order()
    bench.script.cut_off = True
    assert await bench.execute(order.order_id) == RetryIn(1.0)
    assert (await bench.latest(order)).logs == CLEAN[:1]
    for seconds in [await run_until_recorded(bench, order) for _ in range(3)]:
        assert 30 <= seconds < 31
    latest = await bench.latest(order)
    assert (latest.status, latest.reason) == (OrderStatus.FAILED, FailureReason.VENUE_UNAVAILABLE)
    assert latest.logs == (
        *(CLEAN[0], CLEAN[0], FAILED.format(1, 1)),
        *(CLEAN[0], FAILED.format(2, 2)),
        *(CLEAN[0], "No venue could quote"),
    )
    assert await bench.execute(order.order_id) == Done()


@pytest.mark.parametrize("seconds", [-86_400, -3_600, -20, 3_600])
async def test_it_waits_no_longer_when_the_stores_clock_is_set(bench: Bench, seconds: float) -> None:
    order = await bench.order()
    bench.script.cut_off = True
    await bench.execute(order.order_id)
    await bench.clock.step(seconds)
    assert await run_until_recorded(bench, order) <= 60


async def test_a_venue_that_is_reached_in_time_goes_on_with_the_same_attempt(bench: Bench) -> None:
    order = await bench.order()
    bench.script.cut_off = True
    for _ in range(10):
        assert isinstance(await bench.execute(order.order_id), RetryIn)
    await bench.clock.advance(COOL_OFF_SECONDS)
    bench.script.cut_off = False
    assert await bench.execute(order.order_id) == Done()
    latest = await bench.latest(order)
    assert (latest.logs, latest.attempt) == (CLEAN[:1] + CLEAN, 1)


async def test_while_no_venue_is_known_to_be_in_reach_a_new_order_tells_nothing(bench: Bench) -> None:
    first, order = await bench.order(), await bench.order()
    bench.script.cut_off = True
    await bench.execute(first.order_id)
    for _ in range(10):
        assert isinstance(await bench.execute(order.order_id), RetryIn)
        await bench.clock.advance(COOL_OFF_SECONDS)
    assert await bench.latest(order) == order
    bench.script.cut_off = False
    assert await bench.execute(order.order_id) == Done()
    assert (await bench.latest(order)).logs == CLEAN


async def test_what_a_venue_answers_counts_at_once_though_another_is_out_of_reach(bench: Bench) -> None:
    order = await bench.order()
    bench.script.quoting = [VenueUnreachable(), VenueUnavailable("answered 503")]
    assert await bench.execute(order.order_id) == RetryIn(1.0)
    assert (await bench.latest(order)).logs[-1] == FAILED.format(1, 1)


async def test_a_build_that_never_reaches_its_venue_counts_in_the_end_too(bench: Bench) -> None:
    order = await bench.order()
    bench.script.building = [VenueUnreachable() for _ in range(1000)]  # say, for being too large for the way there
    seconds = await run_until_recorded(bench, order)
    assert (await bench.latest(order)).logs == CLEAN[:3]
    seconds = await run_until_recorded(bench, order)
    assert 29 <= seconds < 32
    latest = await bench.latest(order)
    assert (latest.logs, latest.attempt) == (CLEAN[:3] * 2 + (FAILED.format(1, 1),), 2)


async def test_a_build_that_reaches_its_venue_later_is_the_same_attempt(bench: Bench) -> None:
    order = await bench.order()
    bench.script.building = [VenueUnreachable()]
    assert await bench.execute(order.order_id) == RetryIn(1.0)
    await bench.clock.advance(COOL_OFF_SECONDS)
    assert await bench.execute(order.order_id) == Done()
    latest = await bench.latest(order)
    assert (latest.logs, latest.attempt) == (CLEAN[:3] + CLEAN, 1)


async def test_no_wait_counts_at_once(bench: Bench) -> None:
    order = await bench.order()
    bench.script.cut_off = True
    assert await evolve(bench.execute, venue_wait_seconds=0)(order.order_id) == RetryIn(1.0)
    assert (await bench.latest(order)).logs == (CLEAN[0], FAILED.format(1, 1))


async def test_one_that_is_submitted_stays_so(bench: Bench) -> None:
    order = await bench.at(*SUBMITTED)
    bench.script.cut_off = True
    for _ in range(100):
        assert await bench.execute(order.order_id) == RetryIn(1.0)
        await bench.clock.advance(1)
    assert await bench.latest(order) == order
    bench.script.cut_off, bench.script.reports = False, [UNKNOWN]
    await bench.clock.advance(COOL_OFF_SECONDS)
    assert await bench.execute(order.order_id) == Done()
    assert bench.script.sent == [order.transaction]


async def test_while_its_venue_has_it_an_order_is_marked_as_being_sent(bench: Bench) -> None:
    order, fitness = await bench.order(), bench.execute.fitness
    seen: list[set[str]] = []

    async def look(_: Transaction) -> TransactionReport:
        seen.append(set(fitness.sending))
        return LANDED

    bench.script.sending = [look]
    await bench.execute(order.order_id)
    assert (seen, fitness.sending) == ([{order.order_id}], set())


async def test_of_all_orders_one_tries_whether_a_venue_is_back(bench: Bench) -> None:
    orders = [await bench.order() for _ in range(10)]
    bench.script.cut_off = True
    await bench.execute(orders[0].order_id)
    for _ in range(3):
        await bench.clock.advance(COOL_OFF_SECONDS)
        before = bench.script.calls
        for order in orders:
            await bench.execute(order.order_id)
        assert bench.script.calls == before + len(bench.execute.venues.names)
    assert isinstance(bench.execute.venues, Venues)
