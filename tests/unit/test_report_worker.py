"""A worker reports that it is there, and how busy it is, until it leaves."""

import asyncio
from collections.abc import Sequence

import pytest

from adapters.memory.workers import InMemoryWorkers
from application.ports.errors import StoreUnavailable
from application.ports.workers import GONE_SECONDS, REPORT_SECONDS, SeenWorker, WorkerState
from application.report_worker import RETRY_SECONDS, ReportWorker
from tests.clock import ManualClock


class WorkersThatGo(InMemoryWorkers):
    """Workers that cannot be reached while they are `away`."""

    away = False

    async def report(self, state: WorkerState) -> None:
        self._answer()
        await super().report(state)

    async def leave(self, name: str) -> None:
        self._answer()
        await super().leave(name)

    def _answer(self) -> None:
        if self.away:
            raise StoreUnavailable


class Busy:
    """As much of a worker as is reported."""

    slots = 8
    in_flight = 0


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def workers(clock: ManualClock) -> WorkersThatGo:
    return WorkersThatGo(clock)


async def heard(workers: InMemoryWorkers) -> Sequence[SeenWorker]:
    return await workers.heard(GONE_SECONDS)


async def test_a_worker_is_there_from_its_start_to_its_end(workers: WorkersThatGo, clock: ManualClock) -> None:
    busy = Busy()
    reporting = asyncio.create_task(ReportWorker(workers, busy, clock, "worker-1", "1.2.3").run())
    await clock.settle()
    assert [seen.state for seen in await heard(workers)] == [WorkerState("worker-1", "1.2.3", 8, 0)]
    busy.in_flight = 5
    await clock.advance(REPORT_SECONDS)
    [seen] = await heard(workers)
    assert (seen.state.in_flight, (seen.seen_at - seen.since).total_seconds()) == (5, REPORT_SECONDS)
    reporting.cancel()
    await asyncio.wait([reporting])
    assert await heard(workers) == []


async def test_one_that_was_killed_is_gone_within_half_a_minute(workers: WorkersThatGo, clock: ManualClock) -> None:
    await workers.report(WorkerState("killed", "1.2.3", 8, 0))
    await clock.advance(25)
    assert await heard(workers) == []


async def test_when_the_store_is_back_a_worker_is_there_within_a_second(
    workers: WorkersThatGo, clock: ManualClock
) -> None:
    reporting = asyncio.create_task(ReportWorker(workers, Busy(), clock, "worker-1", "1.2.3").run())
    await clock.settle()
    workers.away = True
    await clock.advance(300)
    assert await heard(workers) == []
    workers.away = False
    await clock.advance(RETRY_SECONDS)
    assert len(await heard(workers)) == 1
    workers.away = True
    reporting.cancel()  # which ends it, though nobody hears of it
    assert isinstance((await asyncio.gather(reporting, return_exceptions=True))[0], asyncio.CancelledError)
