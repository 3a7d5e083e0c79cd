"""Order queues: what fails too often is put aside, says why, and waits for an operator."""

import asyncio
from collections.abc import Sequence

from application.ports.order_queue import BuriedJob, Job, JobPlace, OrderQueue
from tests.contracts.order_queue_harness import PAST_SHORT, SHORT, OrderQueueHarness, ids_of, take_one


class BurialsContract:
    async def test_handing_back_does_not_bury(self, queue: OrderQueue) -> None:
        await queue.put(["a"])
        for _ in range(25):
            await queue.retry_in(await take_one(queue), 0)
        assert await queue.buried() == []

    async def test_after_10_counted_deliveries_a_job_is_buried(self, queue: OrderQueue) -> None:
        await queue.put(["a", "b"])
        a, b = await queue.take(2, 0)
        await queue.done(b)
        await queue.retry_in(a, 0, failure="the first bad price")
        for _ in range(9):
            await queue.retry_in(await take_one(queue), 0)  # a hand-back in between adds nothing
            await queue.retry_in(await take_one(queue), 0, failure="the last bad price")
        assert list(await queue.take(5, 0)) == []
        (job,) = await queue.buried()
        assert job.order_id == "a"
        assert "10" in job.why
        assert "the first bad price" not in job.why
        assert "the last bad price" in job.why

    async def test_what_a_failure_says_harms_no_neighbour(self, queue: OrderQueue) -> None:
        await queue.put(["a", "b", "c"])
        for _ in range(10):
            a, b, c = sorted(await queue.take(3, 0), key=lambda lease: lease.order_id)
            texts = ("", "'\ud800\0'\n 0 1 " * 1000, None)
            await asyncio.gather(
                *(queue.retry_in(lease, 0, failure=text) for lease, text in zip((a, b, c), texts, strict=True))
            )
        assert ids_of_buried(await queue.buried()) == ["a", "b"]
        assert ids_of(await queue.take(5, 0)) == ["c"]

    async def test_a_crash_counts_as_a_delivery(self, harness: OrderQueueHarness) -> None:
        queue = await harness.holder("crashes", 0.01)
        await queue.put(["a"])
        for _ in range(10):
            await take_one(queue)
            await harness.pass_time(0.02)
        assert list(await queue.take(5, 0)) == []
        assert ids_of_buried(await queue.buried()) == ["a"]

    async def test_buried_jobs_are_listed_oldest_first_with_their_reason(self, queue: OrderQueue) -> None:
        await queue.put(["c", "b", "a"])
        for lease in await queue.take(3, 0):
            await queue.bury(lease, f"because of {lease.order_id}")
        assert await queue.buried() == [BuriedJob(order_id, f"because of {order_id}") for order_id in "cba"]
        assert list(await queue.take(5, 0)) == []

    async def test_a_revived_job_is_taken_again_with_a_fresh_count(self, queue: OrderQueue) -> None:
        await queue.put(["a"])
        deliveries = []
        for _ in range(2):
            for _ in range(10):
                lease = await take_one(queue)
                deliveries.append(lease.delivery)
                await queue.retry_in(lease, 0, failure="why")
            assert list(await queue.take(5, 0)) == []
            assert ids_of_buried(await queue.buried()) == ["a"]
            assert await queue.revive("a") is True
            assert await queue.buried() == []
        assert ids_of(await queue.take(5, 0)) == ["a"]
        assert deliveries == sorted(set(deliveries))

    async def test_only_a_buried_job_can_be_forgotten_and_may_then_be_put_again(self, queue: OrderQueue) -> None:
        await queue.put(["a", "b"])
        assert await queue.forget("a") is False
        assert await queue.forget("unknown") is False
        a, b = await queue.take(2, 0)
        assert await queue.forget("a") is False
        await queue.bury(a, "why")
        assert await queue.forget("a") is True
        assert await queue.forget("a") is False
        assert await queue.buried() == []
        assert await queue.find("a") is None
        await queue.done(b)
        await queue.put(["a"])
        assert (await take_one(queue)).delivery > a.delivery

    async def test_find_tells_where_a_job_is(self, harness: OrderQueueHarness) -> None:
        queue = await harness.holder("wörker 1", SHORT)
        assert await queue.find("a") is None
        await queue.put(["a"])
        assert await queue.find("a") == Job("a", JobPlace.WAITING, 0)
        lease = await take_one(queue)
        job = await queue.find("a")
        assert job == Job("a", JobPlace.LEASED, 1, holder="wörker 1", seconds=job.seconds if job else None)
        assert job.seconds is not None
        assert 0 < job.seconds <= SHORT
        await harness.pass_time(PAST_SHORT)
        assert await queue.find("a") == Job("a", JobPlace.WAITING, 1)
        await queue.retry_in(lease, 30, failure="why")
        job = await queue.find("a")
        assert job == Job("a", JobPlace.DELAYED, 1, seconds=job.seconds if job else None)
        assert job.seconds is not None
        assert 25 < job.seconds <= 30

    async def test_find_tells_why_a_job_was_buried_and_nothing_of_a_finished_one(self, queue: OrderQueue) -> None:
        await queue.put(["a", "b"])
        a, b = await queue.take(2, 0)
        await queue.bury(a, "päused: 9 9\nand more")
        await queue.done(b)
        assert await queue.find("a") == Job("a", JobPlace.BURIED, 1, why="päused: 9 9\nand more")
        assert await queue.find("b") is None

    async def test_a_revival_wakes_a_waiting_take(self, queue: OrderQueue, harness: OrderQueueHarness) -> None:
        await queue.put(["a"])
        await queue.bury(await take_one(queue), "why")
        taking = asyncio.create_task((await harness.holder("other")).take(1, 30))
        await harness.pass_time(0.05)
        await queue.revive("a")
        assert ids_of(await taking) == ["a"]

    async def test_only_a_buried_job_can_be_revived(self, queue: OrderQueue) -> None:
        await queue.put(["a"])
        assert await queue.revive("a") is False
        assert await queue.revive("unknown") is False
        await queue.bury(await take_one(queue), "why")
        assert await queue.revive("a") is True
        assert await queue.revive("a") is False
        assert ids_of(await queue.take(5, 0)) == ["a"]


def ids_of_buried(jobs: Sequence[BuriedJob]) -> list[str]:
    return [job.order_id for job in jobs]
