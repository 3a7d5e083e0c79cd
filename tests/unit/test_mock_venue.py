"""The mock venues behind the gateway's port."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from attrs import evolve

from adapters.dex.mock import REMEMBERED, MockDexGateway
from domain.mock_dex import MockDexRouter
from domain.order import Order
from domain.status import FailureReason
from domain.transaction import TransactionStatus
from tests.builders import a_transaction, an_order
from tests.clock import ManualClock
from tests.contracts.dex_gateway import DexGatewayContract, GatewayBench, Result


class MockBench(GatewayBench):
    """Mock venues on a manual clock; which orders fail is looked up in the pure router."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.router = MockDexRouter(failure_rate=0.3)
        self.gateway = MockDexGateway(self.router, self.clock, 30)

    def order(self, *, fails: bool = False, **over: object) -> Order:
        while True:
            order = an_order(**over)
            rejected = isinstance(self.router.swap(a_transaction(order)), FailureReason)
            if rejected == fails:
                return order

    async def run(self, call: Coroutine[Any, Any, Result]) -> Result:
        task = asyncio.create_task(call)
        while not task.done():
            await self.clock.advance(0.1)
        return task.result()


@pytest.fixture
def bench() -> MockBench:
    return MockBench()


class TestMockDexGateway(DexGatewayContract):
    pass


async def test_the_steps_take_the_time_they_are_told_to(bench: MockBench) -> None:
    order = bench.order()
    start = bench.clock.monotonic()
    await bench.run(bench.gateway.quotes(order))
    assert 0.2 <= bench.clock.monotonic() - start <= 0.31
    transaction = await bench.built(order)
    start = bench.clock.monotonic()
    await bench.run(bench.gateway.execute(transaction))
    assert 2.0 <= bench.clock.monotonic() - start <= 3.11


async def test_a_swap_on_its_way_is_pending(bench: MockBench) -> None:
    transaction = await bench.built(bench.order())
    sending = asyncio.create_task(bench.gateway.execute(transaction))
    await bench.clock.advance(1)
    assert (await bench.gateway.lookup(transaction)).status is TransactionStatus.PENDING
    await bench.clock.advance(3)
    assert (await sending).price > 0


async def test_it_remembers_a_bounded_number_of_transactions(bench: MockBench) -> None:
    gateway = MockDexGateway(evolve(bench.router, swap_min_ms=0, swap_max_ms=0, failure_rate=0), bench.clock, 30)
    first = a_transaction(an_order(), expires_at=bench.clock.now().replace(year=2100))
    await gateway.execute(first)
    for _ in range(REMEMBERED):
        order = an_order()
        await gateway.execute(evolve(first, order_id=order.order_id, tx_hash=order.order_id))
    assert (await gateway.lookup(first)).status is TransactionStatus.UNKNOWN
