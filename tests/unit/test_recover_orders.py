"""The sweep: what stands still comes back, what moves is left alone, and nothing stops it."""

import asyncio
from itertools import pairwise

import pytest

from adapters.memory.jobs import InMemoryJobs
from adapters.memory.order_queue import InMemoryOrderQueue
from adapters.memory.order_store import InMemoryOrderStore
from adapters.memory.queue_operations import InMemoryQueueOperations
from application import recover_orders
from application.ports.errors import QueueUnavailable
from application.ports.order_store import OpenOrders
from application.recover_orders import RecoverOrders
from domain.order import Order
from domain.status import FailureReason
from tests.builders import VENUES, a_request, a_stamp, an_id
from tests.clock import ManualClock
from tests.contracts.order_store_harness import append


class Bench:
    """A store, a queue, and the sweep between them."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.store = InMemoryOrderStore(self.clock)
        jobs = InMemoryJobs()
        self.queue = InMemoryOrderQueue(self.clock, lease_seconds=10, jobs=jobs)
        self.operations = InMemoryQueueOperations(self.clock, jobs)
        self.recover = RecoverOrders(self.store, self.queue, self.clock, idle_seconds=15)

    async def order(self) -> Order:
        order = Order.new(an_id(), a_request(), self.clock.now())
        await self.store.add(order)
        return order

    async def queued(self) -> list[str]:
        return [lease.order_id for lease in await self.queue.take(10_000, 0)]


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def test_a_pending_order_without_a_job_gets_one_after_2_seconds(bench: Bench) -> None:
    order = await bench.order()
    assert await bench.recover() == 0
    await bench.clock.advance(2)
    assert await bench.recover() == 1
    assert await bench.queued() == [order.order_id]


async def test_an_order_that_stands_still_comes_back_and_one_that_moves_does_not(bench: Bench) -> None:
    still, moving = await bench.order(), await bench.order()
    await append(bench.store, still.request_quotes(a_stamp(), VENUES))
    await bench.clock.advance(14)
    await append(bench.store, moving.request_quotes(a_stamp(), VENUES))
    await bench.clock.advance(1)
    assert await bench.recover() == 1
    assert await bench.queued() == [still.order_id]


async def test_a_final_order_is_left_alone(bench: Bench) -> None:
    order = await bench.order()
    await append(bench.store, order.fail(a_stamp(), FailureReason.CANCELLED))
    await bench.clock.advance(100)
    assert await bench.recover() == 0


async def test_a_job_that_is_in_the_queue_already_stays_one(bench: Bench) -> None:
    order = await bench.order()
    await bench.queue.put([order.order_id])
    await bench.clock.advance(20)
    assert await bench.recover() == 0
    assert await bench.queued() == [order.order_id]
    assert await bench.recover() == 0
    assert (await bench.operations.counts()).leased == 1
    assert await bench.queued() == []


async def test_all_pages_are_swept(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recover_orders, "PAGE", 3)
    orders = [await bench.order() for _ in range(10)]
    await bench.clock.advance(3)
    assert await bench.recover() == 10
    assert sorted(await bench.queued()) == sorted(order.order_id for order in orders)


async def test_it_goes_on_when_the_queue_is_back(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    order = await bench.order()
    put, away = bench.queue.put, [True]

    async def unreliable(order_ids: list[str]) -> None:
        if away[0]:
            raise QueueUnavailable
        await put(order_ids)

    monkeypatch.setattr(bench.queue, "put", unreliable)
    sweeping = asyncio.create_task(bench.recover.run())
    await bench.clock.advance(30)
    assert await bench.queued() == []
    away[0] = False
    await bench.clock.advance(6)
    assert await bench.queued() == [order.order_id]
    sweeping.cancel()


async def test_a_sweep_that_takes_long_is_made_less_often_but_within_the_idle_time(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[float] = []
    open_orders = bench.store.open_orders

    async def slow(after: str | None, limit: int, idle_seconds: float) -> OpenOrders:
        started.append(bench.clock.monotonic())
        await bench.clock.sleep(1.0 if len(started) < 3 else 0.0)
        return await open_orders(after, limit, idle_seconds)

    monkeypatch.setattr(bench.store, "open_orders", slow)
    sweeping = asyncio.create_task(bench.recover.run())
    for _ in range(400):
        await bench.clock.advance(0.1)
    sweeping.cancel()
    gaps = [round(later - earlier) for earlier, later in pairwise(started)]
    assert gaps == [11, 11, 5, 5, 5]
