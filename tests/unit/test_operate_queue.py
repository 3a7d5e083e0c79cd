"""What an operator may do with the jobs as a whole."""

import pytest
from attrs import frozen

from adapters.memory.audit import InMemoryAudit
from adapters.memory.jobs import InMemoryJobs
from adapters.memory.order_queue import InMemoryOrderQueue
from adapters.memory.queue_operations import InMemoryQueueOperations
from application.caller import ANYONE
from application.operate_queue import OperateQueue, QueryQueue
from application.ports.audit import AuditEntry, AuditFilter
from application.ports.errors import QueueUnavailable, StoreUnavailable
from application.ports.queue_operations import BuriedJob, QueueCounts
from tests.builders import an_id
from tests.clock import ManualClock
from tests.contracts.order_queue_harness import bury, ids_of, take_one, why_buried


class OperationsThatGo(InMemoryQueueOperations):
    """Operations of a queue that can be away."""

    away = False

    async def pause(self) -> None:
        if self.away:
            raise QueueUnavailable
        await super().pause()


class AuditThatFills(InMemoryAudit):
    """A record that keeps `room` entries more."""

    room = 100

    async def write(self, entry: AuditEntry) -> None:
        if not self.room:
            raise StoreUnavailable
        self.room -= 1
        await super().write(entry)


@frozen
class Bench:
    queue: InMemoryOrderQueue
    operations: OperationsThatGo
    audit: AuditThatFills
    query: QueryQueue
    operate: OperateQueue

    async def noted(self) -> list[tuple[str, str | None, str]]:
        page = await self.audit.records(AuditFilter(), None, 100)
        entries = [record.entry for record in reversed(page.records)]
        return [(entry.what, entry.subject, entry.outcome) for entry in entries]

    async def dead_letter(self, order_id: str) -> None:
        await self.queue.put([order_id])
        await bury(self.queue, await take_one(self.queue))


@pytest.fixture
def bench() -> Bench:
    clock, jobs = ManualClock(), InMemoryJobs()
    queue = InMemoryOrderQueue(clock, lease_seconds=10, jobs=jobs)
    operations, audit = OperationsThatGo(clock, jobs), AuditThatFills(clock)
    return Bench(queue, operations, audit, QueryQueue(operations), OperateQueue(operations, audit))


async def test_counting_jobs_and_listing_dead_letters(bench: Bench) -> None:
    await bench.dead_letter("a")
    await bench.queue.put(["b"])
    assert await bench.query.counts(ANYONE) == QueueCounts(waiting=1, leased=0, delayed=0, buried=1)
    assert await bench.query.dead_letters(ANYONE) == [BuriedJob("a", why_buried())]


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


async def test_each_act_is_noted_before_it_is_done_and_again_with_its_outcome(bench: Bench) -> None:
    await bench.dead_letter("a")
    await bench.operate.revive(ANYONE, "a")
    await bench.operate.revive(ANYONE, "a")
    await bench.operate.pause(ANYONE)
    await bench.operate.resume(ANYONE)
    bench.operations.away = True
    with pytest.raises(QueueUnavailable):
        await bench.operate.pause(ANYONE)
    revived, nothing = ("queue.revive", "a", "done"), ("queue.revive", "a", "nothing")
    assert await bench.noted() == [
        ("queue.revive", "a", "begun"), revived,
        ("queue.revive", "a", "begun"), nothing,
        ("queue.pause", None, "begun"), ("queue.pause", None, "done"),
        ("queue.resume", None, "begun"), ("queue.resume", None, "done"),
        ("queue.pause", None, "begun"), ("queue.pause", None, "unknown"),
    ]  # fmt: skip


async def test_what_cannot_be_noted_is_not_done(bench: Bench) -> None:
    await bench.dead_letter("a")
    bench.audit.room = 0
    for act in (bench.operate.pause(ANYONE), bench.operate.revive(ANYONE, "a")):
        with pytest.raises(StoreUnavailable):
            await act
    assert await bench.query.counts(ANYONE) == QueueCounts(waiting=0, leased=0, delayed=0, buried=1)


async def test_an_outcome_that_cannot_be_noted_is_logged(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.audit.room = 1
    await bench.operate.pause(ANYONE)
    assert (await bench.query.counts(ANYONE)).paused
    assert await bench.noted() == [("queue.pause", None, "begun")]
    assert [record.message for record in caplog.records] == ["outcome_not_noted"]
