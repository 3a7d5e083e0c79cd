"""Order queues: jobs go in once, come out in order, to one worker each."""

import asyncio

from application.ports.order_queue import OrderQueue
from application.ports.queue_operations import BuriedJob, QueueCounts, QueueOperations
from tests.builders import an_id
from tests.contracts.order_queue_harness import SHORT, OrderQueueHarness, bury, ids_of, take_one, why_buried
from tests.eventually import eventually


class JobsContract:
    async def test_jobs_come_in_the_order_they_were_put(self, queue: OrderQueue) -> None:
        ids = [an_id() for _ in range(25)]
        await queue.put(ids[:20])
        for order_id in ids[20:]:
            await queue.put([order_id])
        first, second = await queue.take(10, 0), await queue.take(100, 0)
        assert ids_of([*first, *second]) == ids
        assert len(first) == 10

    async def test_an_empty_queue_gives_nothing_at_once(self, queue: OrderQueue) -> None:
        assert list(await queue.take(5, 0)) == []

    async def test_a_take_ends_when_nothing_came_in_its_time(
        self, queue: OrderQueue, harness: OrderQueueHarness
    ) -> None:
        taking = asyncio.create_task(queue.take(5, SHORT))
        await harness.pass_time(SHORT / 2)
        assert not taking.done()
        await harness.pass_time(SHORT)
        assert list(await taking) == []

    async def test_a_put_wakes_a_waiting_take_of_another_holder(
        self, queue: OrderQueue, harness: OrderQueueHarness
    ) -> None:
        taking = asyncio.create_task((await harness.holder("other")).take(5, 30))
        await harness.pass_time(0.05)
        order_id = an_id()
        await queue.put([order_id])
        assert ids_of(await taking) == [order_id]

    async def test_a_lease_tells_order_and_holder(self, queue: OrderQueue) -> None:
        order_id = an_id()
        await queue.put([order_id])
        lease = await take_one(queue)
        assert (lease.order_id, lease.holder) == (order_id, "w1")

    async def test_ids_and_reasons_may_be_any_text(
        self, queue: OrderQueue, harness: OrderQueueHarness, operations: QueueOperations
    ) -> None:
        other = await harness.holder("wörker 2 ✓")
        await queue.put(["órder 1 😀", "b c", "b 0 1 2"])
        leases = await other.take(3, 0)
        assert ids_of(leases) == ["órder 1 😀", "b c", "b 0 1 2"]
        assert leases[0].holder == "wörker 2 ✓"
        assert await other.extend(leases) == []
        await bury(other, leases[0], "päused: b 9 9\nand more")
        assert await operations.buried() == [BuriedJob("órder 1 😀", why_buried("päused: b 9 9\nand more"))]

    async def test_jobs_put_soon_come_in_their_order_and_once(
        self, queue: OrderQueue, operations: QueueOperations
    ) -> None:
        ids = [an_id() for _ in range(25)]
        await queue.put(ids[:1])
        for order_id in [*ids, *ids]:
            queue.put_soon(order_id)
        await eventually(lambda: _waiting(operations, 25))
        assert ids_of(await queue.take(100, 0)) == ids

    async def test_closing_puts_what_was_to_be_put_soon(self, queue: OrderQueue, harness: OrderQueueHarness) -> None:
        queue.put_soon("a")
        await harness.close()
        assert ids_of(await (await harness.holder("other")).take(5, 0)) == ["a"]

    async def test_a_put_is_ignored_while_the_job_waits(self, queue: OrderQueue) -> None:
        assert await queue.put(["a", "b", "a"]) == 2
        assert await queue.put(["b", "c"]) == 1
        assert ids_of(await queue.take(10, 0)) == ["a", "b", "c"]

    async def test_a_put_is_ignored_while_the_job_is_leased(self, queue: OrderQueue) -> None:
        await queue.put(["a"])
        lease = await take_one(queue)
        assert await queue.put(["a"]) == 0
        assert list(await queue.take(10, 0)) == []
        await queue.done(lease)

    async def test_a_put_is_ignored_while_the_job_is_delayed(
        self, queue: OrderQueue, operations: QueueOperations
    ) -> None:
        await queue.put(["a"])
        await queue.retry_in(await take_one(queue), 30)
        await queue.put(["a"])
        assert list(await queue.take(10, 0)) == []
        assert await operations.counts() == QueueCounts(waiting=0, leased=0, delayed=1, buried=0)

    async def test_a_put_is_ignored_while_the_job_is_buried(
        self, queue: OrderQueue, operations: QueueOperations
    ) -> None:
        await queue.put(["a"])
        await bury(queue, await take_one(queue))
        await queue.put(["a"])
        assert list(await queue.take(10, 0)) == []
        assert await operations.counts() == QueueCounts(waiting=0, leased=0, delayed=0, buried=1)

    async def test_a_finished_job_may_be_put_again(self, queue: OrderQueue) -> None:
        await queue.put(["a"])
        first = await take_one(queue)
        await queue.done(first)
        assert list(await queue.take(10, 0)) == []
        await queue.put(["a"])
        second = await take_one(queue)
        assert second.delivery > first.delivery

    async def test_putting_nothing_is_fine(self, queue: OrderQueue, operations: QueueOperations) -> None:
        await queue.put([])
        assert await operations.counts() == QueueCounts(waiting=0, leased=0, delayed=0, buried=0)

    async def test_what_was_put_is_not_the_callers_list(self, queue: OrderQueue) -> None:
        ids = ["a", "b"]
        await queue.put(ids)
        ids.clear()
        assert len(await queue.take(10, 0)) == 2

    async def test_each_job_goes_to_one_of_many_holders(self, harness: OrderQueueHarness) -> None:
        ids = [an_id() for _ in range(300)]
        holders = [await harness.holder(f"w{n}") for n in range(6)]
        taken: list[str] = []

        async def work(queue: OrderQueue) -> None:
            while leases := await queue.take(7, 0):
                taken.extend(ids_of(leases))
                await asyncio.gather(*(queue.done(lease) for lease in leases))

        await holders[0].put(ids)
        await asyncio.gather(*(work(queue) for queue in holders))
        assert sorted(taken) == sorted(ids)

    async def test_of_20_racers_for_a_job_one_wins(self, harness: OrderQueueHarness) -> None:
        racers = [await harness.holder(f"racer{n}") for n in range(20)]
        await racers[0].put(["a"])
        won = await asyncio.gather(*(racer.take(1, 0) for racer in racers))
        assert sum(len(leases) for leases in won) == 1

    async def test_20_racers_put_a_job_once(self, harness: OrderQueueHarness) -> None:
        racers = [await harness.holder(f"racer{n}") for n in range(20)]
        await asyncio.gather(*(racer.put(["a", "b"]) for racer in racers))
        assert sorted(ids_of(await racers[0].take(50, 0))) == ["a", "b"]


async def _waiting(operations: QueueOperations, jobs: int) -> bool:
    return (await operations.counts()).waiting == jobs
