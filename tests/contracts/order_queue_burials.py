"""Order queues: what fails too often is put aside, and says why."""

import asyncio

from application.ports.order_queue import OrderQueue
from application.ports.queue_operations import QueueOperations
from tests.contracts.order_queue_harness import OrderQueueHarness, ids_of, ids_of_buried, take_one


class BurialsContract:
    async def test_handing_back_does_not_bury(self, queue: OrderQueue, operations: QueueOperations) -> None:
        await queue.put(["a"])
        for _ in range(25):
            await queue.retry_in(await take_one(queue), 0)
        assert await operations.buried() == []

    async def test_after_10_counted_deliveries_a_job_is_buried(
        self, queue: OrderQueue, operations: QueueOperations
    ) -> None:
        await queue.put(["a", "b"])
        a, b = await queue.take(2, 0)
        await queue.done(b)
        await queue.retry_in(a, 0, failure="the first bad price")
        for _ in range(9):
            await queue.retry_in(await take_one(queue), 0)  # a hand-back in between adds nothing
            await queue.retry_in(await take_one(queue), 0, failure="the last bad price")
        assert list(await queue.take(5, 0)) == []
        (job,) = await operations.buried()
        assert job.order_id == "a"
        assert "10" in job.why
        assert "the first bad price" not in job.why
        assert "the last bad price" in job.why

    async def test_what_a_failure_says_harms_no_neighbour(self, queue: OrderQueue, operations: QueueOperations) -> None:
        await queue.put(["a", "b", "c"])
        for _ in range(10):
            a, b, c = sorted(await queue.take(3, 0), key=lambda lease: lease.order_id)
            texts = ("", "'\ud800\0'\n 0 1 " * 1000, None)
            await asyncio.gather(
                *(queue.retry_in(lease, 0, failure=text) for lease, text in zip((a, b, c), texts, strict=True))
            )
        assert ids_of_buried(await operations.buried()) == ["a", "b"]
        assert ids_of(await queue.take(5, 0)) == ["c"]

    async def test_a_crash_counts_as_a_delivery(self, harness: OrderQueueHarness, operations: QueueOperations) -> None:
        queue = await harness.holder("crashes", 0.01)
        await queue.put(["a"])
        for _ in range(10):
            await take_one(queue)
            await harness.pass_time(0.02)
        assert list(await queue.take(5, 0)) == []
        assert ids_of_buried(await operations.buried()) == ["a"]
