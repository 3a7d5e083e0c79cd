"""What an operator may do with an order, and what is refused because a swap may have landed."""

import json

import pytest
from attrs import define, field

from adapters.memory.jobs import InMemoryJobs
from adapters.memory.order_queue import InMemoryOrderQueue
from adapters.memory.order_store import InMemoryOrderStore
from adapters.memory.queue_operations import InMemoryQueueOperations
from adapters.memory.update_feed import InMemoryUpdateFeed
from adapters.system import RandomIds
from application.errors import OrderIsFinal, OrderMayHaveLanded, OrderNotFound
from application.frames import Frame
from application.operate_orders import OperateOrders
from application.ports.errors import QueueUnavailable, VenueUnavailable
from application.ports.queue_operations import Job, JobPlace
from domain.order import Order
from domain.status import FailureReason, OrderStatus
from domain.transaction import Transaction, TransactionReport, TransactionStatus
from tests.builders import a_stamp, an_id, an_order
from tests.clock import ManualClock
from tests.contracts.order_queue_harness import why_buried
from tests.contracts.order_store_harness import append_all, clean_run
from tests.gateways import FILL, LANDED, PENDING, UNKNOWN, ScriptedGateway

REJECTED = TransactionReport(TransactionStatus.REJECTED, reason=FailureReason.SLIPPAGE_EXCEEDED)
OPEN, SUBMITTED, CONFIRMED = 0, 4, 5  # steps of a clean run


class OperationsThatGo(InMemoryQueueOperations):
    """Operations of a queue that can be away."""

    away = False

    async def find(self, order_id: str) -> Job | None:
        self._answer()
        return await super().find(order_id)

    async def forget(self, order_id: str) -> bool:
        self._answer()
        return await super().forget(order_id)

    def _answer(self) -> None:
        if self.away:
            raise QueueUnavailable


@define
class Bench:
    clock: ManualClock
    store: InMemoryOrderStore
    queue: InMemoryOrderQueue
    operations: OperationsThatGo
    feed: InMemoryUpdateFeed
    gateway: ScriptedGateway
    operate: OperateOrders
    told: list[Frame] = field(factory=list)

    async def at(self, steps: int) -> Order:
        """Store an order that took so many steps of a clean run."""
        order = an_order()
        await self.store.add(order)
        await append_all(self.store, clean_run(order)[:steps])
        return await self.latest(order)

    async def buried(self, steps: int) -> Order:
        """Return the same, its job a dead letter."""
        order = await self.at(steps)
        await self.queue.put([order.order_id])
        [lease] = await self.queue.take(1, 0)
        await self.queue.retry_in(lease, 0, failure="why")
        return order

    async def latest(self, order: Order) -> Order:
        latest = await self.store.get(order.order_id)
        assert latest is not None
        return latest


@pytest.fixture
def bench() -> Bench:
    clock = ManualClock()
    store, feed, gateway = InMemoryOrderStore(clock), InMemoryUpdateFeed(), ScriptedGateway(clock)
    jobs = InMemoryJobs()
    queue = InMemoryOrderQueue(clock, lease_seconds=10, most_deliveries=1, jobs=jobs)
    operations = OperationsThatGo(clock, jobs)
    operate = OperateOrders(store, queue, operations, feed, gateway, clock, RandomIds())
    return Bench(clock, store, queue, operations, feed, gateway, operate)


async def test_showing_tells_the_order_its_events_and_its_job(bench: Bench) -> None:
    order = await bench.buried(SUBMITTED)
    report = await bench.operate.show(order.order_id.upper())
    assert (report.order, report.asked) == (order, True)
    assert report.job == Job(order.order_id, JobPlace.BURIED, 1, why=why_buried("why", 1))
    assert [frame.seq for frame in report.frames] == [0, 1, 2, 3, 4]
    bench.operations.away = True
    report = await bench.operate.show(order.order_id)
    assert (report.order, report.job, report.asked) == (order, None, False)


@pytest.mark.parametrize("order_id", [an_id(), "x"])
async def test_nothing_can_be_done_with_an_unknown_order(bench: Bench, order_id: str) -> None:
    for call in (bench.operate.show, bench.operate.requeue, bench.operate.fail):
        with pytest.raises(OrderNotFound):
            await call(order_id)


async def test_an_open_order_that_is_not_in_the_queue_is_put_there(bench: Bench) -> None:
    order = await bench.at(SUBMITTED)
    assert await bench.operate.requeue(order.order_id) is None
    [lease] = await bench.queue.take(1, 0)
    assert lease.order_id == order.order_id
    assert await bench.latest(order) == order


async def test_requeueing_changes_nothing_about_an_order_that_is_in_the_queue(bench: Bench) -> None:
    waiting, buried = await bench.at(OPEN), await bench.buried(OPEN)
    await bench.queue.put([waiting.order_id])
    assert await bench.operate.requeue(waiting.order_id) == Job(waiting.order_id, JobPlace.WAITING, 0)
    job = await bench.operate.requeue(buried.order_id)
    assert job is not None
    assert job.place is JobPlace.BURIED
    assert (await bench.operations.counts()).waiting == 1


async def test_a_final_order_is_not_requeued(bench: Bench) -> None:
    order = await bench.at(CONFIRMED)
    with pytest.raises(OrderIsFinal, match="confirmed"):
        await bench.operate.requeue(order.order_id)


@pytest.mark.parametrize("steps", [0, 1, 2, 3])
async def test_an_order_that_was_not_submitted_can_be_failed(bench: Bench, steps: int) -> None:
    order = await bench.buried(steps)
    async with bench.feed.subscribe_all(bench.told.append):
        outcome = await bench.operate.fail(order.order_id)
        await bench.clock.settle()
    assert outcome.dead_letter is True
    latest = await bench.latest(order)
    assert (latest.status, latest.reason) == (OrderStatus.FAILED, FailureReason.INTERNAL_ERROR)
    assert latest.logs == (*order.logs, "Internal error")
    assert await bench.operations.buried() == []
    assert [json.loads(frame.text)["reasonCode"] for frame in bench.told] == ["internal_error"]
    assert bench.gateway.looked_up == []


async def test_failing_can_be_repeated_and_then_drops_a_dead_letter_that_was_left(bench: Bench) -> None:
    order = await bench.buried(OPEN)
    bench.operations.away = True
    assert (await bench.operate.fail(order.order_id)).dead_letter is None
    bench.operations.away = False
    version = (await bench.latest(order)).version
    assert (await bench.operate.fail(order.order_id)).dead_letter is True
    assert (await bench.operate.fail(order.order_id)).dead_letter is False
    assert (await bench.latest(order)).version == version


async def test_a_confirmed_order_cannot_be_failed(bench: Bench) -> None:
    order = await bench.at(CONFIRMED)
    with pytest.raises(OrderIsFinal, match="confirmed"):
        await bench.operate.fail(order.order_id)
    assert await bench.latest(order) == order


@pytest.mark.parametrize("answer", [LANDED, PENDING, UNKNOWN, VenueUnavailable("timeout")])
async def test_a_submitted_order_whose_swap_may_have_landed_cannot_be_failed(
    bench: Bench, answer: TransactionReport | Exception
) -> None:
    order = await bench.buried(SUBMITTED)
    # What a venue does not know is dead 5 s after its expiry only; for the other answers no time is enough.
    await bench.clock.advance(34.9 if answer is UNKNOWN else 3600)
    bench.gateway.reports = [answer]
    with pytest.raises(OrderMayHaveLanded):
        await bench.operate.fail(order.order_id)
    assert await bench.latest(order) == order
    assert [job.order_id for job in await bench.operations.buried()] == [order.order_id]


async def test_venues_that_are_not_the_workers_are_not_asked(bench: Bench) -> None:
    order = await bench.at(SUBMITTED)
    await bench.clock.advance(3600)
    bench.gateway.venues, bench.gateway.reports = ("Elsewhere",), [UNKNOWN]
    with pytest.raises(OrderMayHaveLanded, match="Meteora is not among the venues"):
        await bench.operate.fail(order.order_id)


@pytest.mark.parametrize(("answer", "seconds"), [(REJECTED, 0), (UNKNOWN, 35)])
async def test_a_submitted_order_whose_transaction_is_dead_can_be_failed(
    bench: Bench, answer: TransactionReport, seconds: float
) -> None:
    order = await bench.buried(SUBMITTED)
    await bench.clock.advance(seconds)
    bench.gateway.reports = [answer]
    assert (await bench.operate.fail(order.order_id)).dead_letter is True
    latest = await bench.latest(order)
    assert (latest.status, latest.tx_hash) == (OrderStatus.FAILED, None)
    assert bench.gateway.looked_up == [order.tx_hash]


async def test_an_answer_from_before_the_expiry_proves_nothing_to_a_slow_operator(bench: Bench) -> None:
    order = await bench.at(SUBMITTED)

    async def slow(_: Transaction) -> TransactionReport:
        await bench.clock.advance(60)
        return UNKNOWN

    bench.gateway.reports = [slow]
    with pytest.raises(OrderMayHaveLanded):
        await bench.operate.fail(order.order_id)


async def test_a_worker_that_is_quicker_wins_and_the_operator_decides_anew(bench: Bench) -> None:
    order = await bench.at(SUBMITTED)

    async def meanwhile_confirmed(_: Transaction) -> TransactionReport:
        await append_all(bench.store, [order.confirm(a_stamp(), FILL)])
        return REJECTED

    bench.gateway.reports = [meanwhile_confirmed]
    with pytest.raises(OrderIsFinal, match="confirmed"):
        await bench.operate.fail(order.order_id)
    assert (await bench.latest(order)).status is OrderStatus.CONFIRMED
