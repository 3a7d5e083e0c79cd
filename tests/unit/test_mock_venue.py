"""A mock venue behind the venue's port."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from attrs import evolve

from adapters.mock.venue import REMEMBERED, MockVenue
from domain.mock_dex import MockDexRouter
from domain.order import Order
from domain.transaction import Transaction, TransactionReport, TransactionStatus
from tests.builders import a_transaction, an_order
from tests.clock import ManualClock
from tests.contracts.venue import Result, VenueBench, VenueContract
from tests.venues import order_that, order_too_bad_for_its_limit


class MockBench(VenueBench):
    """A mock venue on a manual clock; which orders fail is looked up in the pure router."""

    def __init__(self) -> None:
        self.clock, self.ahead = ManualClock(), 0.0
        self.router = MockDexRouter(failure_rate=0.3)
        self.venue = MockVenue("Meteora", self.router, self.clock, 30)
        self.another = MockVenue("Meteora", self.router, self.clock, 30)
        self.brief = MockVenue("Meteora", self.router, self.clock, 3)

    def order(self, *, fails: bool = False, **over: object) -> Order:
        return order_that(self.router, fails=fails, **over)

    def order_whose_fill_is_too_bad(self) -> Order:
        return order_too_bad_for_its_limit(self.router)

    async def run(self, call: Coroutine[Any, Any, Result]) -> Result:
        task = asyncio.create_task(call)
        while not task.done():
            await self.clock.advance(0.1)
        return task.result()

    async def set_clock(self, seconds: float) -> None:
        await self.clock.step(seconds - self.ahead)
        self.ahead = seconds

    async def outlast(self, transaction: Transaction) -> None:
        await self.clock.advance(max(0.0, (transaction.expires_at - self.clock.now()).total_seconds()))


@pytest.fixture
def bench() -> MockBench:
    return MockBench()


class TestMockVenue(VenueContract):
    pass


async def test_the_steps_take_the_time_they_are_told_to(bench: MockBench) -> None:
    order = bench.order()
    start = bench.clock.monotonic()
    await bench.run(bench.venue.quote(order))
    assert 0.2 <= bench.clock.monotonic() - start <= 0.31
    transaction = await bench.built(order)
    start = bench.clock.monotonic()
    await bench.sent(transaction)
    assert 2.0 <= bench.clock.monotonic() - start <= 3.11


async def test_a_swap_on_its_way_is_pending(bench: MockBench) -> None:
    transaction = await bench.built(bench.order())
    sending = asyncio.create_task(bench.venue.send(transaction))
    await bench.clock.advance(1)
    assert (await bench.venue.lookup(transaction)).status is TransactionStatus.PENDING
    await bench.clock.advance(3)
    assert (await sending).status is TransactionStatus.LANDED


@pytest.mark.parametrize("seconds", [-3600, 3600])
async def test_a_swap_on_its_way_takes_no_longer_when_the_clock_is_set(bench: MockBench, seconds: float) -> None:
    transaction = await bench.built(bench.order())
    sending = asyncio.create_task(bench.venue.send(transaction))
    await bench.clock.advance(1)
    sending.cancel()
    await bench.set_clock(seconds)
    assert await bench.report(transaction) == TransactionReport(TransactionStatus.PENDING)
    await bench.clock.advance(3)
    assert (await bench.report(transaction)).status is TransactionStatus.LANDED


async def test_it_remembers_a_bounded_number_of_transactions(bench: MockBench) -> None:
    router = evolve(bench.router, swap_min_ms=0, swap_max_ms=0, failure_rate=0)
    venue = MockVenue("Meteora", router, bench.clock, 30)
    first = a_transaction(an_order(), expires_at=bench.clock.now().replace(year=2100))
    await venue.send(first)
    for _ in range(REMEMBERED):
        order = an_order()
        await venue.send(evolve(first, order_id=order.order_id, tx_hash=order.order_id))
    assert (await venue.lookup(first)).status is TransactionStatus.UNKNOWN
