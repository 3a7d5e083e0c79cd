"""What every queue's operations must do. A test class derives from `QueueOperationsContract`, and gives `harness`."""

import asyncio

from application.ports.order_queue import OrderQueue
from application.ports.queue_operations import Job, JobPlace, QueueCounts, QueueOperations
from tests.contracts.order_queue_harness import (
    PAST_SHORT,
    SHORT,
    OrderQueueFixtures,
    OrderQueueHarness,
    bury,
    ids_of,
    take_one,
)
from tests.contracts.queue_operations_dead_letters import DeadLettersContract


class QueueOperationsContract(OrderQueueFixtures, DeadLettersContract):
    async def test_closing_twice_is_fine(self, operations: QueueOperations, harness: OrderQueueHarness) -> None:
        await operations.counts()
        await harness.close()
        await harness.close()

    async def test_a_pause_holds_jobs_back_but_takes_and_finishes_them(
        self, queue: OrderQueue, harness: OrderQueueHarness, operations: QueueOperations
    ) -> None:
        await queue.put(["in hand"])
        lease = await take_one(queue)
        await operations.pause()
        assert (await operations.counts()).paused
        await queue.put(["new"])
        assert list(await (await harness.holder("other")).take(5, 0)) == []
        await queue.done(lease)
        await operations.resume()
        assert not (await operations.counts()).paused
        assert ids_of(await queue.take(5, 0)) == ["new"]

    async def test_a_take_waits_through_a_pause_until_it_ends(
        self, queue: OrderQueue, harness: OrderQueueHarness, operations: QueueOperations
    ) -> None:
        await operations.pause()
        taking = asyncio.create_task((await harness.holder("other")).take(5, 30))
        await harness.pass_time(0.05)
        await queue.put(["a"])
        await harness.pass_time(0.05)
        assert not taking.done()
        await operations.resume()
        assert ids_of(await taking) == ["a"]

    async def test_pausing_and_resuming_twice_is_fine(self, queue: OrderQueue, operations: QueueOperations) -> None:
        for _ in range(2):
            await operations.pause()
        for _ in range(2):
            await operations.resume()
        await queue.put(["a"])
        assert ids_of(await queue.take(5, 0)) == ["a"]

    async def test_counts_tell_how_many_jobs_are_where(
        self, harness: OrderQueueHarness, operations: QueueOperations
    ) -> None:
        queue = await harness.holder("short", SHORT)
        await queue.put(["d"])
        await bury(queue, await take_one(queue))
        await queue.put(["a", "b", "c", "e"])
        a, b, c = await queue.take(3, 0)
        await queue.retry_in(b, 30)
        await queue.retry_in(c, SHORT)
        assert await operations.counts() == QueueCounts(waiting=1, leased=1, delayed=2, buried=1)
        await harness.pass_time(PAST_SHORT)
        # The lease that ran out and the retry that is due wait to be taken.
        assert await operations.counts() == QueueCounts(waiting=3, leased=0, delayed=1, buried=1)
        await queue.done(a)
        assert await operations.counts() == QueueCounts(waiting=2, leased=0, delayed=1, buried=1)

    async def test_find_tells_where_a_job_is(self, harness: OrderQueueHarness, operations: QueueOperations) -> None:
        queue = await harness.holder("wörker 1", SHORT)
        assert await operations.find("a") is None
        await queue.put(["a"])
        assert await operations.find("a") == Job("a", JobPlace.WAITING, 0)
        lease = await take_one(queue)
        job = await operations.find("a")
        assert job == Job("a", JobPlace.LEASED, 1, holder="wörker 1", seconds=job.seconds if job else None)
        assert job.seconds is not None
        assert 0 < job.seconds <= SHORT
        await harness.pass_time(PAST_SHORT)
        assert await operations.find("a") == Job("a", JobPlace.WAITING, 1)
        await queue.retry_in(lease, 30, failure="why")
        job = await operations.find("a")
        assert job == Job("a", JobPlace.DELAYED, 1, seconds=job.seconds if job else None)
        assert job.seconds is not None
        assert 25 < job.seconds <= 30
