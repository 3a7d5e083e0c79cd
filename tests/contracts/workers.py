"""What every keeper of workers does: who reported lately is there, and nobody else."""

import asyncio
from abc import ABC, abstractmethod

import pytest
from attrs import evolve, frozen

from application.ports.workers import Workers, WorkerState

ONE, OTHER = WorkerState("host-1-a", "1.0.0", 256, 3), WorkerState("host-2-b", "1.1.0", 8, 0)
LONG = 3600.0


@frozen
class WorkersBench:
    """Workers, as two processes see them; there is none yet."""

    workers: Workers
    others: Workers


class WorkersContract(ABC):
    """Override `bench`."""

    @pytest.fixture
    @abstractmethod
    def bench(self) -> WorkersBench: ...

    async def test_who_reported_is_heard_of_by_all(self, bench: WorkersBench) -> None:
        assert await bench.workers.heard(LONG) == []
        await bench.workers.report(ONE)
        await bench.others.report(OTHER)
        assert [seen.state for seen in await bench.workers.heard(LONG)] == [ONE, OTHER]
        assert await bench.others.heard(LONG) == await bench.workers.heard(LONG)

    async def test_the_last_word_counts_and_the_first_time(self, bench: WorkersBench) -> None:
        await bench.workers.report(ONE)
        [before] = await bench.workers.heard(LONG)
        latest = evolve(ONE, version="2.0.0", slots=9, in_flight=9)
        await bench.workers.report(latest)
        [seen] = await bench.workers.heard(LONG)
        assert (seen.state, seen.since) == (latest, before.since)
        assert seen.since <= before.seen_at <= seen.seen_at
        assert seen.since.utcoffset() is not None

    async def test_who_left_is_not_there(self, bench: WorkersBench) -> None:
        await bench.workers.report(ONE)
        await bench.workers.report(OTHER)
        for _ in range(2):
            await bench.others.leave(ONE.name)
        assert [seen.state for seen in await bench.workers.heard(LONG)] == [OTHER]

    async def test_who_was_silent_for_too_long_is_not_there(self, bench: WorkersBench) -> None:
        await bench.workers.report(ONE)
        assert await bench.workers.heard(0) == []

    async def test_many_report_at_once(self, bench: WorkersBench) -> None:
        states = [evolve(ONE, name=f"worker-{number}") for number in range(10)]
        await asyncio.gather(*(workers.report(state) for state in states for workers in (bench.workers, bench.others)))
        assert {seen.state for seen in await bench.workers.heard(LONG)} == set(states)
