"""Order queues: a lease is good until it runs out and somebody else has the job; no job is lost."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from application.ports.errors import LeaseLost
from application.ports.order_queue import Lease, OrderQueue
from application.ports.queue_operations import QueueCounts
from tests.builders import an_id
from tests.contracts.order_queue_harness import PAST_SHORT, SHORT, OrderQueueHarness, ids_of, take_one

CALLS: dict[str, Callable[[OrderQueue, Lease], Awaitable[None]]] = {
    "done": lambda queue, lease: queue.done(lease),
    "retry_in": lambda queue, lease: queue.retry_in(lease, 0),
    "retry_in after a failure": lambda queue, lease: queue.retry_in(lease, 0, failure="why"),
}


class LeasesContract:
    async def test_a_lease_that_ran_out_goes_to_the_next_who_asks(self, harness: OrderQueueHarness) -> None:
        crashed, other = await harness.holder("crashed", SHORT), await harness.holder("other")
        await crashed.put(["a"])
        first = await take_one(crashed)
        assert list(await other.take(1, 0)) == []
        await harness.pass_time(PAST_SHORT)
        second = await take_one(other)
        assert (second.order_id, second.holder) == ("a", "other")
        assert second.delivery > first.delivery

    async def test_a_waiting_take_notices_that_a_lease_ran_out(self, harness: OrderQueueHarness) -> None:
        crashed, other = await harness.holder("crashed", SHORT), await harness.holder("other")
        await crashed.put(["a"])
        await take_one(crashed)
        taking = asyncio.create_task(other.take(1, 30))
        await harness.pass_time(PAST_SHORT)
        assert ids_of(await taking) == ["a"]

    async def test_all_jobs_of_a_crashed_holder_are_taken_by_others(self, harness: OrderQueueHarness) -> None:
        ids = [an_id() for _ in range(100)]
        crashed, other = await harness.holder("crashed", SHORT), await harness.holder("other")
        await crashed.put(ids)
        assert len(await crashed.take(100, 0)) == 100
        await harness.pass_time(PAST_SHORT)
        assert ids_of(await other.take(100, 0)) == ids

    async def test_extending_keeps_a_lease(self, harness: OrderQueueHarness) -> None:
        queue, other = await harness.holder("short", SHORT), await harness.holder("other")
        await queue.put(["kept", "dropped"])
        kept, _ = await queue.take(2, 0)
        for _ in range(3):
            await harness.pass_time(SHORT / 2)
            assert list(await queue.extend([kept])) == []
        assert ids_of(await other.take(5, 0)) == ["dropped"]
        await queue.done(kept)

    async def test_extending_tells_which_leases_are_lost(self, queue: OrderQueue, harness: OrderQueueHarness) -> None:
        await queue.put(["a", "b", "c"])
        a, b, c = await queue.take(3, 0)
        await queue.done(b)
        assert list(await queue.extend([a, b, c])) == [b]
        assert list(await queue.extend([])) == []

    async def test_a_lease_that_ran_out_is_good_while_nobody_took_the_job(self, harness: OrderQueueHarness) -> None:
        queue = await harness.holder("slow", SHORT)
        await queue.put(["a", "b"])
        a, b = await queue.take(2, 0)
        await harness.pass_time(PAST_SHORT)
        await queue.done(a)
        assert list(await queue.extend([b])) == []
        assert list(await queue.take(5, 0)) == []

    @pytest.mark.parametrize("call", CALLS)
    async def test_a_call_on_a_lost_lease_fails_and_changes_nothing(
        self, harness: OrderQueueHarness, call: str
    ) -> None:
        late, other = await harness.holder("late", SHORT), await harness.holder("other")
        await late.put(["a"])
        lost = await take_one(late)
        await harness.pass_time(PAST_SHORT)
        held = await take_one(other)
        with pytest.raises(LeaseLost):
            await CALLS[call](late, lost)
        assert list(await late.extend([lost])) == [lost]
        assert await harness.operations.counts() == QueueCounts(waiting=0, leased=1, delayed=0, buried=0)
        await other.done(held)

    @pytest.mark.parametrize("call", CALLS)
    async def test_a_holder_that_took_its_job_again_has_lost_the_first_lease(
        self, harness: OrderQueueHarness, call: str
    ) -> None:
        queue = await harness.holder("short", SHORT)
        await queue.put(["a"])
        first = await take_one(queue)
        await harness.pass_time(PAST_SHORT)
        second = await take_one(queue)
        with pytest.raises(LeaseLost):
            await CALLS[call](queue, first)
        await queue.done(second)

    @pytest.mark.parametrize("call", CALLS)
    async def test_nothing_can_be_done_with_a_lease_twice(self, queue: OrderQueue, call: str) -> None:
        await queue.put(["a"])
        lease = await take_one(queue)
        await CALLS[call](queue, lease)
        for again in CALLS.values():
            with pytest.raises(LeaseLost):
                await again(queue, lease)
        assert list(await queue.extend([lease])) == [lease]

    async def test_of_20_racers_with_one_lease_one_finishes(self, queue: OrderQueue) -> None:
        await queue.put(["a"])
        lease = await take_one(queue)
        outcomes = await asyncio.gather(*(queue.done(lease) for _ in range(20)), return_exceptions=True)
        assert outcomes.count(None) == 1
        assert sum(isinstance(outcome, LeaseLost) for outcome in outcomes) == 19

    async def test_a_lease_of_a_job_that_was_never_put_is_lost(self, queue: OrderQueue) -> None:
        with pytest.raises(LeaseLost):
            await queue.done(Lease("nobody", "w1", 1))

    async def test_lapsed_leases_come_first_then_due_retries_then_new_jobs(self, harness: OrderQueueHarness) -> None:
        crashed, queue = await harness.holder("crashed", SHORT), await harness.holder("queue")
        await queue.put(["lapsed 1", "lapsed 2", "retry", "new"])
        await crashed.take(2, 0)
        await queue.retry_in(await take_one(queue), 0)
        await harness.pass_time(PAST_SHORT)
        assert ids_of(await queue.take(3, 0)) == ["lapsed 1", "lapsed 2", "retry"]
        assert ids_of(await queue.take(3, 0)) == ["new"]

    async def test_a_retry_comes_back_when_it_is_due(self, queue: OrderQueue, harness: OrderQueueHarness) -> None:
        await queue.put(["a"])
        first = await take_one(queue)
        await queue.retry_in(first, SHORT)
        assert list(await queue.take(1, 0)) == []
        await harness.pass_time(PAST_SHORT)
        second = await take_one(queue)
        assert second.delivery > first.delivery

    async def test_retries_come_in_the_order_they_are_due(self, queue: OrderQueue, harness: OrderQueueHarness) -> None:
        await queue.put(["late", "soon", "later"])
        late, soon, later = await queue.take(3, 0)
        await queue.retry_in(late, SHORT)
        await queue.retry_in(soon, 0.01)
        await queue.retry_in(later, 30)
        await harness.pass_time(PAST_SHORT)
        assert ids_of(await queue.take(3, 0)) == ["soon", "late"]

    async def test_a_waiting_take_gets_a_retry_that_was_handed_back_meanwhile(
        self, queue: OrderQueue, harness: OrderQueueHarness
    ) -> None:
        await queue.put(["a"])
        lease = await take_one(queue)
        taking = asyncio.create_task((await harness.holder("other")).take(1, 30))
        await harness.pass_time(0.05)
        await queue.retry_in(lease, SHORT)
        await harness.pass_time(0.05)
        assert not taking.done()
        await harness.pass_time(PAST_SHORT)
        assert ids_of(await taking) == ["a"]
