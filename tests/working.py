"""A worker on in-memory adapters, whose orders run until the test says how they end."""

import asyncio
from collections.abc import Callable

from attrs import define, field

from adapters.memory.jobs import InMemoryJobs
from adapters.memory.order_queue import InMemoryOrderQueue
from adapters.memory.order_store import InMemoryOrderStore
from adapters.memory.queue_operations import InMemoryQueueOperations
from adapters.memory.trading_halts import InMemoryTradingHalts
from application.execute_order import Outcome
from application.fitness import Fitness
from application.ports.errors import QueueUnavailable, StoreUnavailable
from application.trading_gate import TradingGate
from application.worker import Worker
from domain.order import Order
from tests.clock import ManualClock
from tests.scripted_venue import Script

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


class StoreToRead(InMemoryOrderStore):
    """A store that can be read, or is away."""

    away = False

    async def get(self, order_id: str, *, durable: bool = False) -> Order | None:
        if self.away:
            raise StoreUnavailable
        return await super().get(order_id)


class Unreliable:
    """A queue, when it is not away."""

    def __init__(self, queue: InMemoryOrderQueue) -> None:
        self.away = False
        self._queue = queue

    def __getattr__(self, name: str) -> object:
        call = getattr(self._queue, name)

        async def maybe(*arguments: object, **options: object) -> object:
            if self.away:
                raise QueueUnavailable
            return await call(*arguments, **options)

        return maybe


@define
class Bench:
    """A worker's surroundings; `start` starts it."""

    clock: ManualClock
    jobs: InMemoryJobs
    queue: InMemoryOrderQueue
    operations: InMemoryQueueOperations
    store: StoreToRead
    script: Script
    fitness: Fitness
    executions: Executions
    stop: asyncio.Event
    halts: InMemoryTradingHalts
    gate: TradingGate

    def start(self, concurrency: int = 10, queue: object = None, grace_seconds: float = 0.05) -> "asyncio.Task[None]":
        """Run a worker."""
        worker = Worker(
            queue or self.queue,  # type: ignore[arg-type]
            self.executions,  # type: ignore[arg-type]
            self.fitness,
            self.clock,
            self.gate,
            concurrency=concurrency,
            lease_seconds=LEASE,
            grace_seconds=grace_seconds,
        )
        return asyncio.create_task(worker.run(self.stop))

    async def taken(self, *order_ids: str) -> None:
        """Put these orders' jobs, and wait until the worker has them in hand."""
        await self.queue.put(order_ids)
        await self.until(lambda: all(order_id in self.executions.running for order_id in order_ids))

    def fail(self) -> None:
        """Have an order in execution report that the store failed."""
        self.fitness.store_failed(self.fitness.recorded)

    async def until(self, true: Callable[[], bool]) -> None:
        """Move time until it is true, for 20 s at most."""
        for _ in range(200):
            if true():
                return
            await self.clock.advance(0.1)
        raise AssertionError("it never came true")


def new_bench() -> Bench:
    """Return a bench with nothing in it."""
    clock, jobs = ManualClock(), InMemoryJobs()
    queue = InMemoryOrderQueue(clock, lease_seconds=LEASE, jobs=jobs)
    store, script = StoreToRead(clock), Script(clock)
    fitness = Fitness(store, script.venues(), clock, slots=10)
    operations = InMemoryQueueOperations(clock, jobs)
    halts = InMemoryTradingHalts(clock, store)
    gate = TradingGate(halts, clock)
    return Bench(clock, jobs, queue, operations, store, script, fitness, Executions(), asyncio.Event(), halts, gate)


async def finish(bench: Bench, running: "asyncio.Task[None]") -> None:
    """Stop the worker, and wait until it has."""
    bench.stop.set()
    while not running.done():
        await bench.clock.advance(0.1)
        await asyncio.sleep(0.001)
    await running
