"""The worker: its slots, its leases, its drain, and queues that go away."""

import pytest

from application.execute_order import Done, RetryIn
from tests.builders import an_act, an_id
from tests.working import Bench, Unreliable, finish, new_bench


@pytest.fixture
def bench() -> Bench:
    return new_bench()


async def test_it_runs_as_many_orders_at_once_as_it_may_and_no_more(bench: Bench) -> None:
    ids = [an_id() for _ in range(5)]
    await bench.queue.put(ids)
    running = bench.start(concurrency=3)
    await bench.until(lambda: len(bench.executions.running) == 3)
    await bench.clock.advance(2)
    assert bench.executions.started == ids[:3]
    bench.executions.running[ids[0]].set_result(Done())
    await bench.until(lambda: bench.executions.started == ids[:4])
    for order_id in ids[1:]:
        await bench.until(lambda order_id=order_id: order_id in bench.executions.running)  # type: ignore[misc]
        bench.executions.running[order_id].set_result(Done())
    await bench.until(lambda: not bench.executions.running)
    assert (await bench.operations.counts()).leased == 0
    await finish(bench, running)


async def test_a_retry_frees_the_slot_and_comes_back_in_time(bench: Bench) -> None:
    order_id = an_id()
    await bench.queue.put([order_id])
    running = bench.start(concurrency=1)
    await bench.until(lambda: order_id in bench.executions.running)
    bench.executions.running[order_id].set_result(RetryIn(5))
    await bench.clock.advance(4)
    assert bench.executions.started == [order_id]
    assert (await bench.operations.counts()).delayed == 1
    await bench.until(lambda: bench.executions.started == [order_id] * 2)
    await finish(bench, running)


async def test_an_unforeseen_error_harms_no_neighbour_and_is_tried_again_until_buried(bench: Bench) -> None:
    bad, good = an_id(), an_id()
    await bench.queue.put([bad, good])
    running = bench.start()
    for _ in range(10):
        await bench.until(lambda: bad in bench.executions.running)
        bench.executions.running[bad].set_exception(ZeroDivisionError("surprise"))
        await bench.until(lambda: bad not in bench.executions.running)
    await bench.clock.advance(5)
    assert bench.executions.started.count(bad) == 10
    assert good in bench.executions.running
    [job] = await bench.operations.buried()
    assert job.order_id == bad
    assert "ZeroDivisionError('surprise')" in job.why
    await finish(bench, running)


async def test_leases_of_long_orders_are_kept(bench: Bench) -> None:
    order_id = an_id()
    await bench.queue.put([order_id])
    running = bench.start()
    await bench.until(lambda: order_id in bench.executions.running)
    for _ in range(50):
        await bench.clock.advance(1)
    assert bench.executions.started == [order_id]
    assert (await bench.operations.counts()).leased == 1
    await finish(bench, running)


async def test_a_lost_lease_stops_its_order(bench: Bench) -> None:
    order_id = an_id()
    await bench.queue.put([order_id])
    running = bench.start()
    await bench.until(lambda: order_id in bench.executions.running)
    bench.jobs.leased.clear()  # as FLUSHALL would
    await bench.until(lambda: not bench.executions.running)
    await finish(bench, running)


async def test_stopping_hands_back_what_does_not_finish_in_the_grace_time(bench: Bench) -> None:
    quick, slow = an_id(), an_id()
    await bench.queue.put([quick, slow])
    running = bench.start()
    await bench.until(lambda: len(bench.executions.running) == 2)
    late = an_id()
    bench.stop.set()
    await bench.clock.advance(1)
    await bench.queue.put([late])
    bench.executions.running[quick].set_result(Done())
    await finish(bench, running)
    counts = await bench.operations.counts()
    assert (counts.leased, counts.waiting + counts.delayed) == (0, 2)
    assert late not in bench.executions.started


async def test_a_queue_that_is_away_is_waited_out_and_orders_in_hand_go_on(bench: Bench) -> None:
    queue = Unreliable(bench.queue)
    first, second = an_id(), an_id()
    await bench.queue.put([first])
    running = bench.start(queue=queue)
    await bench.until(lambda: first in bench.executions.running)
    queue.away = True
    await bench.clock.advance(5)
    assert first in bench.executions.running
    await bench.queue.put([second])
    await bench.clock.advance(2)
    assert second not in bench.executions.started
    queue.away = False
    await bench.until(lambda: second in bench.executions.running)
    await finish(bench, running)


async def test_while_trading_is_halted_nothing_is_taken(bench: Bench) -> None:
    order_id = an_id()
    await bench.halts.start("a drill", an_act("ada"))
    await bench.gate.look()
    await bench.queue.put([order_id])
    running = bench.start()
    await bench.clock.advance(5)
    assert bench.executions.started == []
    await bench.halts.end(an_act("ada"))
    await bench.gate.look()
    await bench.until(lambda: order_id in bench.executions.running)
    bench.executions.running[order_id].set_result(Done())
    await finish(bench, running)
