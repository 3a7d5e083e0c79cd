"""What an operator may do with an order, and what is refused because a swap may have landed."""

import json
from decimal import Decimal

import pytest
from attrs import define, evolve, field

from adapters.memory.jobs import InMemoryJobs
from adapters.memory.order_queue import InMemoryOrderQueue
from adapters.memory.order_store import InMemoryOrderStore
from adapters.memory.queue_operations import InMemoryQueueOperations
from adapters.memory.update_feed import InMemoryUpdateFeed
from application.caller import ANYONE
from application.errors import (
    OrderDoesNotRun,
    OrderIsDeadLetter,
    OrderIsFinal,
    OrderMayHaveLanded,
    OrderNotDeadLetter,
    OrderNotFound,
    SwapNotConfirmable,
)
from application.frames import Frame
from application.operate_orders import OperateOrders, QueuedOrder
from application.ports.audit import AuditFilter
from application.ports.errors import QueueUnavailable, VenueContradicts, VenueUnavailable
from application.ports.queue_operations import Job, JobPlace
from application.record_step import RecordStep
from application.venues import Venues
from domain.order import Order
from domain.status import FailureReason, OrderStatus
from domain.transaction import Transaction, TransactionReport
from entrypoints.system import RandomIds
from tests.builders import a_fill, a_stamp, a_transaction, an_id, an_order
from tests.clock import ManualClock
from tests.contracts.order_queue_harness import why_buried
from tests.contracts.order_store_harness import append_all, clean_run
from tests.scripted_venue import DEAD, FILL, LANDED, PENDING, REJECTED, UNKNOWN, OnChain, Script, ScriptedVenue

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
    script: Script
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

    async def noted(self) -> list[tuple[str, str | None, str]]:
        page = await self.store.audit.records(AuditFilter(), None, 100)
        entries = [record.entry for record in reversed(page.records)]
        return [(entry.what, entry.subject, entry.outcome) for entry in entries]

    async def latest(self, order: Order) -> Order:
        latest = await self.store.get(order.order_id)
        assert latest is not None
        return latest


@pytest.fixture
def bench() -> Bench:
    clock = ManualClock()
    store, feed, script = InMemoryOrderStore(clock), InMemoryUpdateFeed(), Script(clock)
    jobs = InMemoryJobs()
    queue = InMemoryOrderQueue(clock, lease_seconds=10, most_deliveries=1, jobs=jobs)
    operations = OperationsThatGo(clock, jobs)
    record_step = RecordStep(store, feed)
    operate = OperateOrders(store, queue, operations, record_step, script.venues(), clock, RandomIds(), store.audit)
    return Bench(clock, store, queue, operations, feed, script, operate)


async def test_showing_tells_the_order_its_events_and_its_job(bench: Bench) -> None:
    order = await bench.buried(SUBMITTED)
    report = await bench.operate.show(ANYONE, order.order_id.upper())
    assert (report.order, report.asked) == (order, True)
    assert report.job == Job(order.order_id, JobPlace.BURIED, 1, why=why_buried("why", 1))
    assert [frame.seq for frame in report.frames] == [0, 1, 2, 3, 4]
    bench.operations.away = True
    report = await bench.operate.show(ANYONE, order.order_id)
    assert (report.order, report.job, report.asked) == (order, None, False)


@pytest.mark.parametrize("order_id", [an_id(), "x"])
async def test_nothing_can_be_done_with_an_unknown_order(bench: Bench, order_id: str) -> None:
    for call in (bench.operate.show, bench.operate.requeue, bench.operate.revive, bench.operate.fail):
        with pytest.raises(OrderNotFound):
            await call(ANYONE, order_id)


async def test_an_open_order_that_is_not_in_the_queue_is_put_there(bench: Bench) -> None:
    order = await bench.at(SUBMITTED)
    assert (await bench.operate.requeue(ANYONE, order.order_id)).job is None
    [lease] = await bench.queue.take(1, 0)
    assert lease.order_id == order.order_id
    assert await bench.latest(order) == order


async def test_requeueing_changes_nothing_about_an_order_that_is_in_the_queue(bench: Bench) -> None:
    waiting, buried = await bench.at(OPEN), await bench.buried(OPEN)
    await bench.queue.put([waiting.order_id])
    known = await bench.operate.requeue(ANYONE, waiting.order_id)
    assert known == QueuedOrder(waiting, Job(waiting.order_id, JobPlace.WAITING, 0))
    with pytest.raises(OrderIsDeadLetter):
        await bench.operate.requeue(ANYONE, buried.order_id)
    assert (await bench.operations.counts()).waiting == 1


async def test_a_dead_letter_is_revived_once(bench: Bench) -> None:
    order = await bench.buried(OPEN)
    assert await bench.operate.revive(ANYONE, order.order_id) == order
    with pytest.raises(OrderNotDeadLetter):
        await bench.operate.revive(ANYONE, order.order_id)
    [lease] = await bench.queue.take(1, 0)
    assert lease.order_id == order.order_id


async def test_a_reason_is_noted(bench: Bench) -> None:
    lost, dead, failed = await bench.at(OPEN), await bench.buried(OPEN), await bench.at(OPEN)
    await bench.operate.requeue(ANYONE, lost.order_id, "lost")
    await bench.operate.revive(ANYONE, dead.order_id, "dead")
    await bench.operate.fail(ANYONE, failed.order_id, "unwanted")
    records = (await bench.store.audit.records(AuditFilter(), None, 100)).records
    reasons = {(record.entry.subject, (record.entry.after or {}).get("reason")) for record in records}
    assert reasons == {(lost.order_id, "lost"), (dead.order_id, "dead"), (failed.order_id, "unwanted")}


async def test_a_final_order_is_not_requeued(bench: Bench) -> None:
    order = await bench.at(CONFIRMED)
    with pytest.raises(OrderIsFinal, match="confirmed"):
        await bench.operate.requeue(ANYONE, order.order_id)


async def test_an_order_that_does_not_run_is_not_requeued(bench: Bench) -> None:
    order = await bench.at(OPEN)
    await append_all(bench.store, [order.rest(a_stamp(), "151.2 or better")])
    held = evolve(an_order(), held=True)
    await bench.store.add(held)
    for order_id, advice in ((order.order_id, "when its price is reached"), (held.order_id, "migrate --adopt-open")):
        with pytest.raises(OrderDoesNotRun, match=advice):
            await bench.operate.requeue(ANYONE, order_id)
        assert await bench.operations.find(order_id) is None


async def test_resting_and_held_orders_can_be_failed(bench: Bench) -> None:
    order = await bench.at(OPEN)
    await append_all(bench.store, [order.rest(a_stamp(), "151.2 or better")])
    held = evolve(an_order(), held=True)
    await bench.store.add(held)
    for each in (order, held):
        assert (await bench.operate.fail(ANYONE, each.order_id)).dead_letter is False
        assert (await bench.latest(each)).reason is FailureReason.INTERNAL_ERROR


@pytest.mark.parametrize("steps", [0, 1, 2, 3])
async def test_an_order_that_was_not_submitted_can_be_failed(bench: Bench, steps: int) -> None:
    order = await bench.buried(steps)
    async with bench.feed.subscribe_all(bench.told.append):
        outcome = await bench.operate.fail(ANYONE, order.order_id)
        await bench.clock.settle()
    assert outcome.dead_letter is True
    latest = await bench.latest(order)
    assert (latest.status, latest.reason) == (OrderStatus.FAILED, FailureReason.INTERNAL_ERROR)
    assert latest.logs == (*order.logs, "Internal error")
    assert await bench.operations.buried() == []
    assert [json.loads(frame.text)["reasonCode"] for frame in bench.told] == ["internal_error"]
    assert bench.script.looked_up == []


async def test_failing_can_be_repeated_and_then_drops_a_dead_letter_that_was_left(bench: Bench) -> None:
    order = await bench.buried(OPEN)
    bench.operations.away = True
    assert (await bench.operate.fail(ANYONE, order.order_id)).dead_letter is None
    bench.operations.away = False
    version = (await bench.latest(order)).version
    assert (await bench.operate.fail(ANYONE, order.order_id)).dead_letter is True
    assert (await bench.operate.fail(ANYONE, order.order_id)).dead_letter is False
    assert (await bench.latest(order)).version == version


async def test_a_confirmed_order_cannot_be_failed(bench: Bench) -> None:
    order = await bench.at(CONFIRMED)
    with pytest.raises(OrderIsFinal, match="confirmed"):
        await bench.operate.fail(ANYONE, order.order_id)
    assert await bench.latest(order) == order


@pytest.mark.parametrize("answer", [LANDED, PENDING, UNKNOWN, VenueUnavailable("timeout")])
async def test_a_submitted_order_whose_swap_may_have_landed_cannot_be_failed(
    bench: Bench, answer: TransactionReport | Exception
) -> None:
    order = await bench.buried(SUBMITTED)
    await bench.clock.advance(86_400)  # no time is enough
    bench.script.reports = [answer]
    with pytest.raises(OrderMayHaveLanded):
        await bench.operate.fail(ANYONE, order.order_id)
    assert await bench.latest(order) == order
    assert [job.order_id for job in await bench.operations.buried()] == [order.order_id]


async def test_venues_that_are_not_the_workers_are_not_asked(bench: Bench) -> None:
    order = await bench.at(SUBMITTED)
    await bench.clock.advance(3600)
    operate = evolve(bench.operate, venues=Venues(bench.script.venues().venues[:1]))
    with pytest.raises(OrderMayHaveLanded, match="Meteora is not among the venues"):
        await operate.fail(ANYONE, order.order_id)


@pytest.mark.parametrize("answer", [REJECTED, DEAD])
async def test_a_submitted_order_whose_transaction_is_dead_can_be_failed(
    bench: Bench, answer: TransactionReport
) -> None:
    order = await bench.buried(SUBMITTED)
    bench.script.reports = [answer]
    assert (await bench.operate.fail(ANYONE, order.order_id)).dead_letter is True
    latest = await bench.latest(order)
    assert (latest.status, latest.tx_hash) == (OrderStatus.FAILED, None)
    assert bench.script.looked_up == [order.tx_hash]


async def test_of_a_held_order_an_operator_may_say_that_its_swap_did_not_land(bench: Bench) -> None:
    running, held = await bench.at(SUBMITTED), await bench.at(SUBMITTED)
    bench.store.set_held(held.order_id, True)
    assert (await bench.operate.fail(ANYONE, held.order_id, not_landed=True)).order.status is OrderStatus.FAILED
    assert bench.script.looked_up == []
    bench.script.reports = [LANDED]
    with pytest.raises(OrderMayHaveLanded):
        await bench.operate.fail(ANYONE, running.order_id, not_landed=True)


@pytest.mark.parametrize("answer", [LANDED, PENDING, UNKNOWN])
async def test_nobodys_word_counts_more_than_a_chains(bench: Bench, answer: TransactionReport) -> None:
    held = await bench.at(SUBMITTED)
    bench.store.set_held(held.order_id, True)
    scripted = [venue for venue in bench.script.venues().venues if isinstance(venue, ScriptedVenue)]
    chain = tuple(OnChain(venue.name, venue.offer, bench.script) for venue in scripted)
    operate = evolve(bench.operate, venues=Venues(chain))
    bench.script.reports = [answer, VenueUnavailable("no node answers")]

    with pytest.raises(OrderMayHaveLanded):
        await operate.fail(ANYONE, held.order_id, not_landed=True)

    assert (await operate.fail(ANYONE, held.order_id, not_landed=True)).order.status is OrderStatus.FAILED


async def test_a_held_order_is_confirmed_by_hand_with_the_swap_that_its_venue_tells_of(bench: Bench) -> None:
    order = await bench.at(SUBMITTED)
    bench.store.set_held(order.order_id, True)
    bench.script.reports = [evolve(LANDED, fill=a_fill(Decimal("0.01")))]
    for _ in range(2):
        confirmed = await bench.operate.confirm(ANYONE, order.order_id)
        assert (confirmed.status, confirmed.execution_price) == (OrderStatus.CONFIRMED, Decimal("0.01"))
    [entry] = (await bench.store.audit.records(AuditFilter(what="orders.confirm"), None, 10)).records
    assert (entry.entry.subject, entry.entry.after) == (order.order_id, {"status": "confirmed", "price": "0.01"})


@pytest.mark.parametrize(
    "answer", [PENDING, UNKNOWN, REJECTED, DEAD, VenueUnavailable("late"), VenueContradicts("lies")]
)
async def test_without_a_swap_no_order_is_confirmed_by_hand(
    bench: Bench, answer: TransactionReport | Exception
) -> None:
    order = await bench.at(SUBMITTED)
    bench.store.set_held(order.order_id, True)
    bench.script.reports = [answer]
    with pytest.raises(SwapNotConfirmable, match="Meteora"):
        await bench.operate.confirm(ANYONE, order.order_id)
    assert (await bench.latest(order)).status is OrderStatus.SUBMITTED


async def test_only_a_held_order_is_confirmed_by_hand_and_with_no_other_orders_swap(bench: Bench) -> None:
    open_one, running, first, second = [await bench.at(n) for n in (OPEN, SUBMITTED, SUBMITTED, SUBMITTED - 1)]
    bench.store.set_held(open_one.order_id, True)
    for order in (open_one, running):
        with pytest.raises(SwapNotConfirmable, match="only what is submitted and held"):
            await bench.operate.confirm(ANYONE, order.order_id)
    await append_all(
        bench.store, [second.submit(a_stamp(), evolve(a_transaction(second), tx_hash=first.tx_hash or ""))]
    )
    bench.script.reports = [LANDED, LANDED]
    for order in (first, second):
        bench.store.set_held(order.order_id, True)
    await bench.operate.confirm(ANYONE, first.order_id)
    with pytest.raises(SwapNotConfirmable, match="another order"):
        await bench.operate.confirm(ANYONE, second.order_id)
    with pytest.raises(OrderIsFinal):
        await bench.operate.confirm(ANYONE, (await bench.operate.fail(ANYONE, open_one.order_id)).order.order_id)


async def test_a_worker_that_is_quicker_wins_and_the_operator_decides_anew(bench: Bench) -> None:
    order = await bench.at(SUBMITTED)

    async def meanwhile_confirmed(_: Transaction) -> TransactionReport:
        await append_all(bench.store, [order.confirm(a_stamp(), FILL)])
        return REJECTED

    bench.script.reports = [meanwhile_confirmed]
    with pytest.raises(OrderIsFinal, match="confirmed"):
        await bench.operate.fail(ANYONE, order.order_id)
    assert (await bench.latest(order)).status is OrderStatus.CONFIRMED


async def test_what_an_operator_changes_is_noted_and_what_is_refused_is_not(bench: Bench) -> None:
    order, waiting, confirmed = await bench.buried(OPEN), await bench.at(OPEN), await bench.at(CONFIRMED)
    await bench.operate.fail(ANYONE, order.order_id)
    await bench.operate.fail(ANYONE, order.order_id)
    await bench.operate.requeue(ANYONE, waiting.order_id)
    await bench.operate.requeue(ANYONE, waiting.order_id)
    with pytest.raises(OrderIsFinal):
        await bench.operate.fail(ANYONE, confirmed.order_id)
    assert await bench.noted() == [
        ("orders.fail", order.order_id, "done"),
        ("queue.forget", order.order_id, "begun"),
        ("queue.forget", order.order_id, "done"),
        ("orders.requeue", waiting.order_id, "begun"),
        ("orders.requeue", waiting.order_id, "done"),
    ]
