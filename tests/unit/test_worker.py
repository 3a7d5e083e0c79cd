"""The worker: its slots, its leases, its drain, and queues that go away."""

import asyncio
from collections.abc import Callable

import pytest
from attrs import define, field

from adapters.memory.jobs import InMemoryJobs
from adapters.memory.order_queue import InMemoryOrderQueue
from adapters.memory.order_store import InMemoryOrderStore
from adapters.memory.queue_operations import InMemoryQueueOperations
from adapters.memory.trading_halts import InMemoryTradingHalts
from application.execute_order import Done, Outcome, RetryIn
from application.ports.errors import QueueUnavailable
from application.trading_gate import TradingGate
from application.worker import Worker
from tests.builders import an_id
from tests.clock import ManualClock

LEASE = 10.0


@define
class Executions:
    """Stands for `ExecuteOrder`: each order runs until the test says how it ends."""

    running: dict[str, "asyncio.Future[Outcome]"] = field(factory=dict)
    started: list[str] = field(factory=list)

    async def __call__(self, order_id: str) -> Outcome:
        self.started.append(order_id)
        self.running[order_id] = asyncio.get_running_loop().create_future()
        try:
            return await self.running[order_id]
        finally:
            del self.running[order_id]


@define
class Bench:
    clock: ManualClock
    jobs: InMemoryJobs
    queue: InMemoryOrderQueue
    operations: InMemoryQueueOperations
    executions: Executions
    stop: asyncio.Event
    halts: InMemoryTradingHalts
    gate: TradingGate

    def start(self, concurrency: int = 10, queue: object = None) -> "asyncio.Task[None]":
        worker = Worker(
            queue or self.queue,  # type: ignore[arg-type]
            self.executions,  # type: ignore[arg-type]
            self.clock,
            self.gate,
            concurrency=concurrency,
            lease_seconds=LEASE,
            grace_seconds=0.05,
        )
        return asyncio.create_task(worker.run(self.stop))

    async def until(self, true: Callable[[], bool]) -> None:
        for _ in range(200):
            if true():
                return
            await self.clock.advance(0.1)
        raise AssertionError("it never came true")


@pytest.fixture
def bench() -> Bench:
    clock, jobs = ManualClock(), InMemoryJobs()
    queue = InMemoryOrderQueue(clock, lease_seconds=LEASE, jobs=jobs)
    operations, halts = InMemoryQueueOperations(clock, jobs), InMemoryTradingHalts(clock, InMemoryOrderStore(clock))
    gate = TradingGate(halts, clock)
    return Bench(clock, jobs, queue, operations, Executions(), asyncio.Event(), halts, gate)


async def finish(bench: Bench, running: "asyncio.Task[None]") -> None:
    bench.stop.set()
    while not running.done():
        await bench.clock.advance(0.1)
        await asyncio.sleep(0.001)
    await running


async def test_it_runs_as_many_orders_at_once_as_it_may_and_no_more(bench: Bench) -> None:
    ids = [an_id() for _ in range(5)]
    await bench.queue.put(ids)
    running = bench.start(concurrency=3)
    await bench.until(lambda: len(bench.executions.running) == 3)
    await bench.clock.advance(2)
    assert bench.executions.started == ids[:3]
    bench.executions.running[ids[0]].set_result(Done())
    await bench.until(lambda: bench.executions.started == ids[:4])
    for order_id in ids[1:]:
        await bench.until(lambda order_id=order_id: order_id in bench.executions.running)  # type: ignore[misc]
        bench.executions.running[order_id].set_result(Done())
    await bench.until(lambda: not bench.executions.running)
    assert (await bench.operations.counts()).leased == 0
    await finish(bench, running)


async def test_a_retry_frees_the_slot_and_comes_back_in_time(bench: Bench) -> None:
    order_id = an_id()
    await bench.queue.put([order_id])
    running = bench.start(concurrency=1)
    await bench.until(lambda: order_id in bench.executions.running)
    bench.executions.running[order_id].set_result(RetryIn(5))
    await bench.clock.advance(4)
    assert bench.executions.started == [order_id]
    assert (await bench.operations.counts()).delayed == 1
    await bench.until(lambda: bench.executions.started == [order_id] * 2)
    await finish(bench, running)


async def test_an_unforeseen_error_harms_no_neighbour_and_is_tried_again_until_buried(bench: Bench) -> None:
    bad, good = an_id(), an_id()
    await bench.queue.put([bad, good])
    running = bench.start()
    for _ in range(10):
        await bench.until(lambda: bad in bench.executions.running)
        bench.executions.running[bad].set_exception(ZeroDivisionError("surprise"))
        await bench.until(lambda: bad not in bench.executions.running)
    await bench.clock.advance(5)
    assert bench.executions.started.count(bad) == 10
    assert good in bench.executions.running
    [job] = await bench.operations.buried()
    assert job.order_id == bad
    assert "ZeroDivisionError('surprise')" in job.why
    await finish(bench, running)


async def test_leases_of_long_orders_are_kept(bench: Bench) -> None:
    order_id = an_id()
    await bench.queue.put([order_id])
    running = bench.start()
    await bench.until(lambda: order_id in bench.executions.running)
    for _ in range(50):
        await bench.clock.advance(1)
    assert bench.executions.started == [order_id]
    assert (await bench.operations.counts()).leased == 1
    await finish(bench, running)


async def test_a_lost_lease_stops_its_order(bench: Bench) -> None:
    order_id = an_id()
    await bench.queue.put([order_id])
    running = bench.start()
    await bench.until(lambda: order_id in bench.executions.running)
    bench.jobs.leased.clear()  # as FLUSHALL would
    await bench.until(lambda: not bench.executions.running)
    await finish(bench, running)


async def test_stopping_hands_back_what_does_not_finish_in_the_grace_time(bench: Bench) -> None:
    quick, slow = an_id(), an_id()
    await bench.queue.put([quick, slow])
    running = bench.start()
    await bench.until(lambda: len(bench.executions.running) == 2)
    late = an_id()
    bench.stop.set()
    await bench.clock.advance(1)
    await bench.queue.put([late])
    bench.executions.running[quick].set_result(Done())
    await finish(bench, running)
    counts = await bench.operations.counts()
    assert (counts.leased, counts.waiting + counts.delayed) == (0, 2)
    assert late not in bench.executions.started


async def test_a_queue_that_is_away_is_waited_out_and_orders_in_hand_go_on(bench: Bench) -> None:
    class Unreliable:
        """The queue, when it is not away."""

        away = False

        def __getattr__(self, name: str) -> object:
            call = getattr(bench.queue, name)

            async def maybe(*arguments: object, **options: object) -> object:
                if self.away:
                    raise QueueUnavailable
                return await call(*arguments, **options)

            return maybe

    queue = Unreliable()
    first, second = an_id(), an_id()
    await bench.queue.put([first])
    running = bench.start(queue=queue)
    await bench.until(lambda: first in bench.executions.running)
    queue.away = True
    await bench.clock.advance(5)
    assert first in bench.executions.running
    await bench.queue.put([second])
    await bench.clock.advance(2)
    assert second not in bench.executions.started
    queue.away = False
    await bench.until(lambda: second in bench.executions.running)
    await finish(bench, running)


async def test_while_trading_is_halted_nothing_is_taken(bench: Bench) -> None:
    order_id = an_id()
    await bench.halts.start("a drill", "ada")
    await bench.gate.look()
    await bench.queue.put([order_id])
    running = bench.start()
    await bench.clock.advance(5)
    assert bench.executions.started == []
    await bench.halts.end("ada")
    await bench.gate.look()
    await bench.until(lambda: order_id in bench.executions.running)
    bench.executions.running[order_id].set_result(Done())
    await finish(bench, running)
