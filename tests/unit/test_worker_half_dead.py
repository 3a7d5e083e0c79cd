"""A worker for which its store or all venues are away holds nothing that others could do."""

import asyncio

import pytest

from adapters.memory.order_queue import InMemoryOrderQueue
from application.execute_order import Done, RetryIn
from tests.builders import an_id, an_order
from tests.working import LEASE, Bench, Unreliable, finish, new_bench


@pytest.fixture
def bench() -> Bench:
    return new_bench()


def another_holder(bench: Bench) -> InMemoryOrderQueue:
    return InMemoryOrderQueue(bench.clock, "another", lease_seconds=LEASE, jobs=bench.jobs)


async def test_while_its_store_is_away_it_takes_nothing(bench: Bench) -> None:
    running = bench.start()
    bench.store.away = True
    bench.fail()
    await bench.clock.advance(1)
    await bench.queue.put([an_id()])
    await bench.clock.advance(60)
    assert bench.executions.started == []
    await finish(bench, running)


async def test_one_order_is_tried_before_all_are_taken_again(bench: Bench) -> None:
    running = bench.start()
    bench.store.away = True
    bench.fail()
    await bench.clock.advance(1)
    await bench.queue.put([an_id() for _ in range(20)])
    bench.store.away = False
    await bench.until(lambda: len(bench.executions.started) == 1)
    for _ in range(10):
        bench.fitness.store_recorded()
    await bench.until(lambda: len(bench.executions.running) == 10)
    await finish(bench, running)


async def test_a_trial_that_fails_goes_back_at_once_and_few_are_in_hand(bench: Bench) -> None:
    await bench.queue.put([an_id() for _ in range(20)])
    bench.fail()
    running = bench.start()
    for _ in range(60):
        await bench.clock.advance(1)
        bench.fail()
        assert len(bench.executions.running) <= 3
    assert len(bench.executions.started) > 20
    assert (await bench.operations.counts()).buried == 0
    await finish(bench, running)


async def test_after_a_lease_what_is_not_being_sent_goes_back_and_costs_no_delivery(bench: Bench) -> None:
    waiting, sending = an_id(), an_id()
    running = bench.start()
    await bench.taken(waiting, sending)
    bench.fitness.sending.add(sending)
    bench.store.away = True
    bench.fail()
    await bench.clock.advance(LEASE - 1)
    assert set(bench.executions.running) == {waiting, sending}
    await bench.until(lambda: waiting not in bench.executions.running)
    assert bench.jobs.delayed[waiting].count == 0
    await bench.clock.advance(LEASE)
    assert set(bench.executions.running) == set(bench.jobs.leased) == {sending}
    bench.fitness.sending.clear()
    await bench.until(lambda: not bench.executions.running)
    taken = await another_holder(bench).take(10, 0)
    assert {lease.order_id for lease in taken} == {waiting, sending}
    await finish(bench, running)


async def test_what_comes_out_of_the_queue_when_the_store_has_just_failed_is_returned(bench: Bench) -> None:
    running = bench.start()
    await bench.clock.advance(0)
    bench.store.away = True
    bench.fail()
    await bench.queue.put([order_id := an_id()])
    await bench.until(lambda: order_id in bench.jobs.delayed)
    assert bench.executions.started == []
    await finish(bench, running)


async def test_a_store_that_is_back_within_a_lease_keeps_its_orders_in_hand(bench: Bench) -> None:
    order_id = an_id()
    running = bench.start()
    await bench.taken(order_id)
    bench.fail()
    await bench.clock.advance(LEASE - 1)
    bench.fitness.store_recorded()
    await bench.clock.advance(3 * LEASE)
    assert order_id in bench.executions.running
    assert bench.executions.started == [order_id]
    await finish(bench, running)


async def test_with_the_queue_away_as_well_the_leases_run_out(bench: Bench) -> None:
    order_id, queue = an_id(), Unreliable(bench.queue)
    running = bench.start(queue=queue)
    await bench.taken(order_id)
    bench.store.away = queue.away = True
    bench.fail()
    await bench.until(lambda: not bench.executions.running)
    queue.away = False
    await bench.clock.advance(LEASE)
    assert [lease.order_id for lease in await another_holder(bench).take(10, 0)] == [order_id]
    await finish(bench, running)


async def test_stopping_does_not_wait_for_a_store_that_is_away_but_for_what_is_being_sent(bench: Bench) -> None:
    waiting, sending = an_id(), an_id()
    running = bench.start(grace_seconds=3600)
    await bench.taken(waiting, sending)
    bench.fitness.sending.add(sending)
    bench.store.away = True
    bench.fail()
    bench.stop.set()
    await bench.until(lambda: waiting not in bench.executions.running)
    assert not running.done()
    bench.executions.running[sending].set_result(Done())
    await finish(bench, running)
    counts = await bench.operations.counts()
    assert (counts.leased, counts.waiting + counts.delayed) == (0, 1)


async def test_who_reaches_no_venue_takes_what_others_leave_a_little_at_a_time(bench: Bench) -> None:
    bench.script.cut_off = True
    await bench.fitness.venues.quotes(an_order())
    assert bench.fitness.cut_off
    running = bench.start(concurrency=500)
    await bench.clock.advance(1)
    await bench.queue.put([an_id() for _ in range(550)])
    assert len(await another_holder(bench).take(400, 0)) == 400
    for many in (100, 150, 150):
        await bench.clock.advance(1.01)
        assert len(bench.executions.started) == many
    for order_id in bench.executions.started:
        bench.executions.running[order_id].set_result(RetryIn(3600))
    await asyncio.sleep(0)
    bench.script.cut_off = False
    await bench.fitness.venues.quotes(an_order())
    await bench.queue.put(order_ids := [an_id() for _ in range(200)])
    await bench.until(lambda: set(order_ids) <= set(bench.executions.running))
    await finish(bench, running)
