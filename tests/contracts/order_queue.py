"""What every order queue must do. An adapter's test class derives from `OrderQueueContract` and gives its `harness`."""

import asyncio
from contextlib import suppress

from application.ports.errors import LeaseLost
from application.ports.order_queue import OrderQueue
from tests.builders import an_id
from tests.contracts.order_queue_burials import BurialsContract
from tests.contracts.order_queue_harness import OrderQueueFixtures, OrderQueueHarness, ids_of, take_one
from tests.contracts.order_queue_jobs import JobsContract
from tests.contracts.order_queue_leases import LeasesContract


class OrderQueueContract(OrderQueueFixtures, JobsContract, LeasesContract, BurialsContract):
    async def test_closing_twice_is_fine(self, queue: OrderQueue, harness: OrderQueueHarness) -> None:
        await harness.close()
        await harness.close()

    async def test_a_cancelled_wait_takes_no_job_with_it(self, queue: OrderQueue, harness: OrderQueueHarness) -> None:
        taking = asyncio.create_task(queue.take(5, 30))
        await harness.pass_time(0.05)
        taking.cancel()
        await asyncio.wait((taking,))
        assert taking.cancelled()
        await queue.put(["a"])
        assert ids_of(await queue.take(5, 0)) == ["a"]

    async def test_a_take_that_is_cancelled_at_any_moment_loses_no_job(self, queue: OrderQueue) -> None:
        ids = [an_id() for _ in range(5)]
        await queue.put(ids)
        for turns in range(40):
            taking = asyncio.create_task(queue.take(5, 0))
            for _ in range(turns):
                await asyncio.sleep(0)
            taking.cancel()
            await asyncio.wait((taking,))
            if not taking.cancelled():
                for lease in taking.result():
                    await queue.retry_in(lease, 0)
            # Long before any lease runs out, all are there again.
            leases = await queue.take(5, 0)
            assert sorted(ids_of(leases)) == sorted(ids), f"after {turns} turns"
            for lease in leases:
                await queue.retry_in(lease, 0)

    async def test_a_cancelled_put_or_done_happens_or_not_but_never_twice(self, queue: OrderQueue) -> None:
        for turns in range(20):
            putting = asyncio.create_task(queue.put(["a"]))
            for _ in range(turns):
                await asyncio.sleep(0)
            putting.cancel()
            await asyncio.wait((putting,))
            await queue.put(["a"])
            lease = await take_one(queue)
            finishing = asyncio.create_task(queue.done(lease))
            for _ in range(turns):
                await asyncio.sleep(0)
            finishing.cancel()
            await asyncio.wait((finishing,))
            with suppress(LeaseLost):
                await queue.done(lease)
            assert list(await queue.take(5, 0)) == []
