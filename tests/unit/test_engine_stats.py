"""The engine at a glance: one read a second for all who ask, and never held up by the queue."""

import asyncio
import logging
import time
from collections.abc import Mapping

import pytest

from adapters.memory.jobs import InMemoryJobs
from adapters.memory.order_counts import InMemoryOrderCounts
from adapters.memory.order_queue import InMemoryOrderQueue
from adapters.memory.order_store import InMemoryOrderStore
from adapters.memory.queue_operations import InMemoryQueueOperations
from adapters.memory.workers import InMemoryWorkers
from application.caller import ANYONE
from application.engine_stats import EngineStats, Stats
from application.ports.errors import QueueUnavailable, StoreUnavailable
from application.ports.order_counts import WINDOWS, Counts
from application.ports.order_store import Backlog
from application.ports.queue_operations import QueueCounts
from application.ports.workers import WorkerState
from tests.builders import an_order
from tests.clock import ManualClock
from tests.execution import a_gate

NOTHING = QueueCounts(0, 0, 0, 0)
NONE = dict.fromkeys(WINDOWS, Counts())


class CountedStore(InMemoryOrderStore):
    """Counts its reads; raises `error` if there is one."""

    reads = 0
    id_range_reads = 0
    error: Exception | None = None

    async def id_ranges_used(self) -> Mapping[str, float]:
        self.id_range_reads += 1
        if self.error is not None:
            raise self.error
        return {"orders": 0.8, "other": 0.79}

    async def backlog(self) -> Backlog:
        self.reads += 1
        await asyncio.sleep(0)
        if self.error is not None:
            raise self.error
        return await super().backlog()


class MoodyOperations(InMemoryQueueOperations):
    """Raises `error` if there is one, and hangs when told to."""

    asked = 0
    error: Exception | None = None
    hangs = False

    async def counts(self) -> QueueCounts:
        self.asked += 1
        if self.hangs:
            await asyncio.Event().wait()
        if self.error is not None:
            raise self.error
        return await super().counts()


def stats_of(store: InMemoryOrderStore, operations: InMemoryQueueOperations, clock: ManualClock) -> EngineStats:
    counts, workers = InMemoryOrderCounts(clock), InMemoryWorkers(clock)
    return EngineStats(store, operations, clock, store, a_gate(clock), counts, workers)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def store(clock: ManualClock) -> CountedStore:
    return CountedStore(clock)


@pytest.fixture
def operations(clock: ManualClock) -> MoodyOperations:
    return MoodyOperations(clock, InMemoryJobs())


@pytest.fixture
def stats(store: CountedStore, operations: MoodyOperations, clock: ManualClock) -> EngineStats:
    return EngineStats(
        store, operations, clock, store, a_gate(clock), InMemoryOrderCounts(clock), InMemoryWorkers(clock)
    )


async def test_what_there_is_to_do(store: CountedStore, clock: ManualClock) -> None:
    jobs = InMemoryJobs()
    queue = InMemoryOrderQueue(clock, lease_seconds=30, jobs=jobs)
    stats = EngineStats(
        store,
        InMemoryQueueOperations(clock, jobs),
        clock,
        store,
        a_gate(clock),
        InMemoryOrderCounts(clock),
        InMemoryWorkers(clock),
    )
    assert await stats(ANYONE) == Stats(0, None, NOTHING, NONE, [])
    order = an_order()
    await store.add(order)
    await queue.put([order.order_id])
    await clock.advance(2.5)
    assert await stats(ANYONE) == Stats(1, 2.5, QueueCounts(1, 0, 0, 0), NONE, [])


async def test_a_clock_that_is_behind_makes_nothing_younger_than_new(
    stats: EngineStats, store: CountedStore, operations: MoodyOperations, clock: ManualClock
) -> None:
    behind = EngineStats(
        store,
        operations,
        ManualClock(clock.now().replace(year=2000)),
        store,
        a_gate(clock),
        InMemoryOrderCounts(clock),
        InMemoryWorkers(clock),
    )
    await store.add(an_order())
    assert (await behind(ANYONE)).oldest_pending_seconds == 0


async def test_an_answer_serves_all_for_a_second(stats: EngineStats, store: CountedStore, clock: ManualClock) -> None:
    answers = await asyncio.gather(*(stats(ANYONE) for _ in range(50)))
    assert (len(set(map(id, answers))), store.reads) == (1, 1)
    await clock.advance(0.99)
    assert await stats(ANYONE) is answers[0]
    await clock.advance(0.01)
    assert await stats(ANYONE) is not answers[0]
    assert store.reads == 2


async def test_a_store_that_is_away_is_asked_once_a_second_too(
    stats: EngineStats, store: CountedStore, clock: ManualClock
) -> None:
    store.error = StoreUnavailable("refused")
    results = await asyncio.gather(*(stats(ANYONE) for _ in range(50)), return_exceptions=True)
    assert {type(result) for result in results} == {StoreUnavailable}
    assert len(set(map(id, results))) == 50  # one for each: a shared one would collect all tracebacks
    assert store.reads == 1
    store.error = None
    with pytest.raises(StoreUnavailable):
        await stats(ANYONE)
    await clock.advance(1)
    assert (await stats(ANYONE)).open == 0


async def test_an_error_nobody_foresaw_is_not_kept(stats: EngineStats, store: CountedStore) -> None:
    store.error = RuntimeError("bug")
    with pytest.raises(RuntimeError):
        await stats(ANYONE)
    store.error = None
    assert (await stats(ANYONE)).open == 0


async def test_a_queue_that_is_away(stats: EngineStats, operations: MoodyOperations, clock: ManualClock) -> None:
    operations.error = QueueUnavailable("refused")
    assert await stats(ANYONE) == Stats(0, None, None, NONE, [])
    operations.error = None
    assert (await stats(ANYONE)).queue is None
    assert operations.asked == 1
    await clock.advance(1)
    assert (await stats(ANYONE)).queue == NOTHING


async def test_a_queue_is_away_when_it_was_silent_for_a_while_and_not_once(
    stats: EngineStats, operations: MoodyOperations, clock: ManualClock
) -> None:
    assert (await stats(ANYONE)).queue == NOTHING
    await clock.advance(60)  # as nobody asked
    operations.error = QueueUnavailable("slow")
    for _ in range(5):
        assert (await stats(ANYONE)).queue == NOTHING
        await clock.advance(1)
    assert (await stats(ANYONE)).queue is None
    operations.error = None
    await clock.advance(1)
    assert (await stats(ANYONE)).queue == NOTHING


async def test_who_works_is_known_again_when_the_store_is_back(
    stats: EngineStats, store: CountedStore, clock: ManualClock
) -> None:
    for name in ("killed", "alive"):
        await stats.workers.report(WorkerState(name, "1.2.3", 8, 0))
    await stats(ANYONE)
    store.error = StoreUnavailable("refused")
    for _ in range(60):
        await clock.advance(1)
        with pytest.raises(StoreUnavailable):
            await stats(ANYONE)
    store.error = None
    await clock.advance(1)
    assert [seen.state.name for seen in (await stats(ANYONE)).workers] == ["alive", "killed"]
    await stats.workers.report(WorkerState("alive", "1.2.3", 8, 0))
    await clock.advance(19)
    assert [seen.state.name for seen in (await stats(ANYONE)).workers] == ["alive"]


async def test_a_queue_that_hangs_costs_a_second_once(stats: EngineStats, operations: MoodyOperations) -> None:
    operations.hangs = True
    started = time.monotonic()
    answers = await asyncio.gather(*(stats(ANYONE) for _ in range(20)))
    assert 0.9 < time.monotonic() - started < 2
    assert {answer.queue for answer in answers} == {None}
    assert operations.asked == 1


async def test_a_caller_that_leaves_takes_nobody_with_it(stats: EngineStats, operations: MoodyOperations) -> None:
    operations.hangs = True
    leaver, stayer = asyncio.create_task(stats(ANYONE)), asyncio.create_task(stats(ANYONE))
    await asyncio.sleep(0.05)
    leaver.cancel()
    assert (await stayer).queue is None


async def test_id_ranges_are_read_once_a_minute(stats: EngineStats, store: CountedStore, clock: ManualClock) -> None:
    for _ in range(60):
        assert (await stats.snapshot(ANYONE)).id_ranges_used == {"orders": 0.8, "other": 0.79}
        await clock.advance(1)
    assert (store.reads, store.id_range_reads) == (60, 1)
    await stats.snapshot(ANYONE)
    assert (store.reads, store.id_range_reads) == (61, 2)


async def test_ids_that_are_nearly_used_up_are_told_once_the_store_is_there(
    stats: EngineStats, store: CountedStore, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    store.error = StoreUnavailable("refused")
    warning = asyncio.create_task(stats.warn_of_id_ranges())
    await clock.advance(5)
    assert (warning.done(), caplog.records) == (False, [])
    store.error = None
    await clock.advance(1)
    await warning
    assert [
        (record.levelno, record.message, record.__dict__["table"], record.__dict__["used"]) for record in caplog.records
    ] == [(logging.WARNING, "id_range_low", "orders", 0.8)]
