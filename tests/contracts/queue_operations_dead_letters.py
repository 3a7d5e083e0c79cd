"""The operators' part of a queue: dead letters wait until one is revived or forgotten."""

import asyncio

from application.ports.order_queue import OrderQueue
from application.ports.queue_operations import BuriedJob, Job, JobPlace, QueueOperations
from tests.contracts.order_queue_harness import OrderQueueHarness, bury, ids_of, ids_of_buried, take_one, why_buried


class DeadLettersContract:
    async def test_buried_jobs_are_listed_oldest_first_with_their_reason(
        self, queue: OrderQueue, operations: QueueOperations
    ) -> None:
        await queue.put(["c", "b", "a"])
        for lease in await queue.take(3, 0):
            await bury(queue, lease, f"because of {lease.order_id}")
        assert await operations.buried() == [
            BuriedJob(order_id, why_buried(f"because of {order_id}")) for order_id in "cba"
        ]
        assert list(await queue.take(5, 0)) == []

    async def test_a_revived_job_is_taken_again_with_a_fresh_count(
        self, queue: OrderQueue, operations: QueueOperations
    ) -> None:
        await queue.put(["a"])
        deliveries = []
        for _ in range(2):
            for _ in range(10):
                lease = await take_one(queue)
                deliveries.append(lease.delivery)
                await queue.retry_in(lease, 0, failure="why")
            assert list(await queue.take(5, 0)) == []
            assert ids_of_buried(await operations.buried()) == ["a"]
            assert await operations.revive("a") is True
            assert await operations.buried() == []
        assert ids_of(await queue.take(5, 0)) == ["a"]
        assert deliveries == sorted(set(deliveries))

    async def test_only_a_buried_job_can_be_forgotten_and_may_then_be_put_again(
        self, queue: OrderQueue, operations: QueueOperations
    ) -> None:
        await queue.put(["a", "b"])
        assert await operations.forget("a") is False
        assert await operations.forget("unknown") is False
        a, b = await queue.take(2, 0)
        assert await operations.forget("a") is False
        await bury(queue, a)
        assert await operations.forget("a") is True
        assert await operations.forget("a") is False
        assert await operations.buried() == []
        assert await operations.find("a") is None
        await queue.done(b)
        await queue.put(["a"])
        assert (await take_one(queue)).delivery > a.delivery

    async def test_find_tells_why_a_job_was_buried_and_nothing_of_a_finished_one(
        self, queue: OrderQueue, operations: QueueOperations
    ) -> None:
        await queue.put(["a", "b"])
        a, b = await queue.take(2, 0)
        await bury(queue, a, "päused: 9 9\nand more")
        await queue.done(b)
        assert await operations.find("a") == Job("a", JobPlace.BURIED, 10, why=why_buried("päused: 9 9\nand more"))
        assert await operations.find("b") is None

    async def test_a_revival_wakes_a_waiting_take(
        self, queue: OrderQueue, harness: OrderQueueHarness, operations: QueueOperations
    ) -> None:
        await queue.put(["a"])
        await bury(queue, await take_one(queue))
        taking = asyncio.create_task((await harness.holder("other")).take(1, 30))
        await harness.pass_time(0.05)
        await operations.revive("a")
        assert ids_of(await taking) == ["a"]

    async def test_only_a_buried_job_can_be_revived(self, queue: OrderQueue, operations: QueueOperations) -> None:
        await queue.put(["a"])
        assert await operations.revive("a") is False
        assert await operations.revive("unknown") is False
        await bury(queue, await take_one(queue))
        assert await operations.revive("a") is True
        assert await operations.revive("a") is False
        assert ids_of(await queue.take(5, 0)) == ["a"]
