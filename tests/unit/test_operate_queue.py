"""What an operator may do with the jobs as a whole."""

import pytest
from attrs import frozen

from adapters.memory.jobs import InMemoryJobs
from adapters.memory.order_queue import InMemoryOrderQueue
from adapters.memory.queue_operations import InMemoryQueueOperations
from application.caller import ANYONE
from application.operate_queue import OperateQueue
from application.ports.queue_operations import BuriedJob, QueueCounts
from tests.builders import an_id
from tests.clock import ManualClock
from tests.contracts.order_queue_harness import bury, ids_of, take_one, why_buried


@frozen
class Bench:
    queue: InMemoryOrderQueue
    operate: OperateQueue

    async def dead_letter(self, order_id: str) -> None:
        await self.queue.put([order_id])
        await bury(self.queue, await take_one(self.queue))


@pytest.fixture
def bench() -> Bench:
    clock, jobs = ManualClock(), InMemoryJobs()
    queue = InMemoryOrderQueue(clock, lease_seconds=10, jobs=jobs)
    return Bench(queue, OperateQueue(InMemoryQueueOperations(clock, jobs)))


async def test_counting_jobs_and_listing_dead_letters(bench: Bench) -> None:
    await bench.dead_letter("a")
    await bench.queue.put(["b"])
    assert await bench.operate.counts(ANYONE) == QueueCounts(waiting=1, leased=0, delayed=0, buried=1)
    assert await bench.operate.dead_letters(ANYONE) == [BuriedJob("a", why_buried())]


async def test_an_id_is_found_in_any_case_and_so_is_what_is_no_order_id(bench: Bench) -> None:
    order_id = an_id()
    for dead, asked in ((order_id, order_id.upper()), ("By Hand", "By Hand")):
        await bench.dead_letter(dead)
        assert await bench.operate.revive(ANYONE, asked) == dead
        assert await bench.operate.revive(ANYONE, asked) is None
        await bench.queue.done(await take_one(bench.queue))


async def test_no_job_is_taken_in_a_pause(bench: Bench) -> None:
    await bench.queue.put(["a"])
    await bench.operate.pause(ANYONE)
    assert list(await bench.queue.take(1, 0)) == []
    await bench.operate.resume(ANYONE)
    assert ids_of(await bench.queue.take(1, 0)) == ["a"]
