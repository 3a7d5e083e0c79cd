"""After the database went back: what the venues know and the orders do not, and what becomes of open orders."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta

import pytest
from attrs import define, evolve, field, frozen

from adapters.memory.executions import InMemoryExecutions
from application.caller import ANYONE
from application.execute_order import Done
from application.ports.audit import AuditEntry, AuditFilter
from application.ports.errors import NotOffered, VenueUnavailable
from application.ports.venue_history import Received
from application.reconcile import Comparison, Difference, Reconcile
from application.record_step import RecordStep
from application.resume_trading import Resumed, ResumeTrading
from application.retry_policy import RetryPolicy
from application.settle_open_orders import SettleOpenOrders
from application.venues import Venues
from domain.order import Order, Step
from domain.status import FailureReason, OrderStatus
from domain.transaction import TransactionReport
from entrypoints.system import RandomIds
from tests.builders import QUOTES, a_stamp, a_transaction, an_act, an_order
from tests.execution import SUBMITTED, Bench, open_bench
from tests.scripted_venue import FILL, LANDED, PENDING, REJECTED, ScriptedVenue

EXPIRY = 30.0


@define
class Remembering:
    """A scripted venue that lists what it received; `trouble` is raised instead."""

    inner: ScriptedVenue
    all: list[Received] = field(factory=list)
    trouble: Exception | None = None

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)

    async def received(self, since: datetime) -> AsyncIterator[Sequence[Received]]:
        if self.trouble:
            raise self.trouble
        for one in self.all:
            if one.at >= since:
                yield [one]


@define
class Lost:
    """A bench whose database went back: a halt holds, and `venue` remembers."""

    bench: Bench
    venue: Remembering
    other: Remembering
    reconcile: Reconcile
    resume: ResumeTrading

    def has(self, order: Order, report: TransactionReport = LANDED, tx_hash: str | None = None) -> Received:
        """Let the venue have a transaction of the order."""
        sent = a_transaction(order, tx_hash=tx_hash or f"tx_{order.order_id[-12:]}")
        self.venue.all.append(Received(sent, report, self.bench.clock.now()))
        return self.venue.all[-1]

    async def compared(self) -> Comparison:
        return await self.reconcile(ANYONE, self.bench.clock.now() - timedelta(hours=1))

    async def resumed(self, *, ask_venues: bool = True) -> Resumed:
        """Resume, once all that could land has landed."""
        await self.bench.gate.look()
        await self.bench.clock.advance(EXPIRY)
        resumed = await self.resume(ANYONE, ask_venues=ask_venues)
        assert resumed is not None
        await self.bench.gate.look()
        return resumed


@pytest.fixture
async def lost() -> AsyncIterator[Lost]:
    async with open_bench() as bench:
        bench.halts.found = "the database went back"
        await bench.gate.look()
        venue, other = (Remembering(ScriptedVenue(quote.venue, quote, bench.script)) for quote in reversed(QUOTES))
        venues = Venues((venue, other))  # type: ignore[arg-type]
        reconcile = Reconcile(bench.store, InMemoryExecutions(bench.store.executions), venues, bench.store.audit)
        record_step = RecordStep(bench.store, bench.feed)
        settle = SettleOpenOrders(bench.store, bench.halts, record_step, RetryPolicy(), bench.clock, RandomIds())
        yield Lost(bench, venue, other, reconcile, ResumeTrading(bench.halts, reconcile, settle, bench.clock, EXPIRY))


async def test_landed_swaps_of_unknown_orders_are_listed_and_nothing_else(lost: Lost) -> None:
    unknown, known, rejected = an_order(), await lost.bench.at(*SUBMITTED), an_order()
    one = lost.has(unknown)
    lost.has(known, tx_hash=known.tx_hash)
    lost.has(rejected, REJECTED)
    found = await lost.compared()
    [finding] = found.findings
    assert finding.difference is Difference.UNKNOWN_ORDER
    assert (finding.order_id, finding.attempt, finding.status) == (unknown.order_id, 1, None)
    assert (finding.venue, finding.tx_hash) == ("Meteora", one.transaction.tx_hash)
    assert (finding.amount_in, finding.amount_out, finding.at) == (unknown.amount, FILL.amount_out, one.at)
    assert (found.compared, found.not_comparable, found.swaps) == (("Meteora", "Raydium"), {}, 2)


async def test_what_came_before_is_not_listed(lost: Lost) -> None:
    lost.has(an_order())
    await lost.bench.clock.advance(7200)
    assert (await lost.compared()).findings == ()


async def test_an_order_that_does_not_know_its_swap_is_listed(lost: Lost) -> None:
    routing = await lost.bench.at("request_quotes")
    failed = await lost.bench.at("request_quotes")
    await lost.bench.write(failed, failed.expire(a_stamp()))
    for order in (routing, failed):
        lost.has(order)
    found = (await lost.compared()).findings
    assert {(one.order_id, one.difference, one.status) for one in found} == {
        (routing.order_id, Difference.NOT_EXECUTED, OrderStatus.ROUTING),
        (failed.order_id, Difference.NOT_EXECUTED, OrderStatus.FAILED),
    }


async def test_two_swaps_of_one_order_and_one_that_its_venue_does_not_know_are_listed(lost: Lost) -> None:
    lost.bench.halts.found = None
    await lost.bench.halts.end(an_act("ada"))
    await lost.bench.gate.look()
    twice, alone = await lost.bench.order(), await lost.bench.order()
    for order in (twice, alone):
        assert await lost.bench.execute(order.order_id) == Done()
    confirmed = await lost.bench.latest(twice)
    lost.has(twice, tx_hash=confirmed.tx_hash)
    lost.has(twice, tx_hash="another")
    lost.bench.script.reports = [REJECTED]
    found = (await lost.compared()).findings
    assert [(one.order_id, one.difference) for one in found] == [
        (twice.order_id, Difference.OTHER_SWAP),
        (alone.order_id, Difference.NOT_AT_VENUE),
    ]


async def test_a_venue_without_a_list_is_named_and_one_that_is_silent_is_an_error(lost: Lost) -> None:
    lost.other.trouble = NotOffered("does not offer it")
    found = await lost.compared()
    assert (found.compared, found.not_comparable) == (("Meteora",), {"Raydium": "does not offer it"})
    lost.other.trouble = VenueUnavailable("took too long")
    with pytest.raises(VenueUnavailable, match="Raydium took too long"):
        await lost.compared()


@pytest.mark.parametrize("steps", [(), SUBMITTED[:1], SUBMITTED[:2], SUBMITTED[:3]])
async def test_an_order_that_went_back_is_confirmed_with_the_swap_that_landed_and_swaps_no_more(
    lost: Lost, steps: tuple[str, ...]
) -> None:
    order = await lost.bench.at(*steps)
    one = lost.has(order)
    resumed = await lost.resumed()
    assert resumed.settled is not None
    assert (resumed.settled.submitted, resumed.settled.held) == ((order.order_id,), ())
    lost.bench.script.reports = [LANDED]
    assert await lost.bench.execute(order.order_id) == Done()
    latest = await lost.bench.latest(order)
    assert (latest.status, latest.tx_hash) == (OrderStatus.CONFIRMED, one.transaction.tx_hash)
    assert lost.bench.script.sent == []


async def test_an_order_that_its_client_cancels_meanwhile_stops_no_others(lost: Lost) -> None:
    @frozen
    class Overtaken(RecordStep):
        async def __call__(self, before: Order, *steps: Step, act: AuditEntry | None = None) -> Order:
            if before.order_id == cancelled.order_id:
                await super().__call__(before, before.fail(a_stamp(), FailureReason.CANCELLED))
            return await super().__call__(before, *steps, act=act)

    cancelled, other = [await lost.bench.at() for _ in range(2)]
    for order in (cancelled, other):
        lost.has(order)
    settle = evolve(lost.resume.settle, record_step=Overtaken(lost.bench.store, lost.bench.feed))
    lost.resume = evolve(lost.resume, settle=settle)
    resumed = await lost.resumed()
    assert resumed.settled is not None
    assert (resumed.settled.submitted, resumed.settled.held) == ((other.order_id,), (cancelled.order_id,))
    assert (await lost.bench.latest(cancelled)).reason is FailureReason.CANCELLED


async def test_a_submitted_order_whose_later_attempt_landed_gets_that(lost: Lost) -> None:
    order = await lost.bench.at(*SUBMITTED)
    one = lost.has(order, tx_hash="of attempt 2")
    await lost.resumed()
    latest = await lost.bench.latest(order)
    assert (latest.status, latest.attempt, latest.tx_hash) == (OrderStatus.SUBMITTED, 2, one.transaction.tx_hash)


async def test_a_resting_order_that_was_swapped_gets_that(lost: Lost) -> None:
    order = await lost.bench.order()
    resting = await lost.bench.write(order, order.rest(a_stamp(), "151.2 or better"))
    lost.has(resting)
    await lost.resumed()
    assert (await lost.bench.latest(order)).status is OrderStatus.SUBMITTED


async def test_what_no_venue_knows_goes_on_as_it_is(lost: Lost) -> None:
    pending, submitted = await lost.bench.order(), await lost.bench.at(*SUBMITTED)
    lost.has(submitted, PENDING, submitted.tx_hash)
    resumed = await lost.resumed()
    assert resumed.settled is not None
    assert (resumed.settled.submitted, resumed.settled.held) == ((), ())
    for order in (pending, submitted):
        assert (await lost.bench.latest(order)).version == order.version
    assert await lost.bench.execute(pending.order_id) == Done()


async def test_with_a_venue_that_cannot_be_compared_every_doubtful_order_is_held(lost: Lost) -> None:
    swapped, doubtful, submitted = await lost.bench.order(), await lost.bench.order(), await lost.bench.at(*SUBMITTED)
    lost.has(swapped)
    lost.other.trouble = NotOffered("does not offer it")
    resumed = await lost.resumed()
    assert resumed.settled is not None
    assert resumed.settled.submitted == (swapped.order_id,)
    assert set(resumed.settled.held) == {doubtful.order_id, submitted.order_id}
    for order in (doubtful, submitted):
        assert await lost.bench.execute(order.order_id) == Done()  # left alone
        assert (await lost.bench.latest(order)).version == order.version
    assert lost.bench.script.sent == []
    assert await lost.bench.halts.release(doubtful.order_id, an_act())
    assert await lost.bench.execute(doubtful.order_id) == Done()
    assert len(lost.bench.script.sent) == 1


async def test_two_unknown_transactions_of_one_order_are_an_operators_to_decide(lost: Lost) -> None:
    order, own = await lost.bench.order(), await lost.bench.at(*SUBMITTED)
    lost.has(order, tx_hash="one")
    lost.has(order, tx_hash="two")
    lost.has(own, PENDING, own.tx_hash)
    lost.has(own, tx_hash="another")
    resumed = await lost.resumed()
    assert resumed.settled is not None
    assert set(resumed.settled.held) == {order.order_id, own.order_id}
    records = (await lost.bench.store.audit.records(AuditFilter(), None, 10)).records
    assert [record.entry.what for record in records] == ["trading.resume", "orders.hold", "reconcile"]
    assert records[0].entry.after == {"submitted": 0, "held": 2}


async def test_asking_no_venue_all_open_orders_are_held(lost: Lost) -> None:
    order = await lost.bench.order()
    lost.venue.trouble = lost.other.trouble = VenueUnavailable("took too long")
    resumed = await lost.resumed(ask_venues=False)
    assert resumed.settled is not None
    assert resumed.settled.held == (order.order_id,)


async def test_a_venue_that_is_silent_leaves_the_halt(lost: Lost) -> None:
    lost.venue.trouble = VenueUnavailable("took too long")
    await lost.bench.clock.advance(EXPIRY)
    with pytest.raises(VenueUnavailable):
        await lost.resume(ANYONE)
    assert await lost.bench.halts.current() is not None


async def test_it_waits_until_nothing_of_before_can_land(lost: Lost) -> None:

    order = await lost.bench.order()
    resuming = asyncio.create_task(lost.resume(ANYONE))
    await lost.bench.clock.advance(EXPIRY - 1)
    assert not resuming.done()
    lost.has(order)  # of a worker that was frozen before its send
    await lost.bench.clock.advance(2)
    resumed = await resuming
    assert resumed is not None
    assert resumed.settled is not None
    assert resumed.settled.submitted == (order.order_id,)


async def test_without_a_halt_there_is_nothing_to_resume(lost: Lost) -> None:
    await lost.bench.halts.end(an_act("ada"))
    assert await lost.resume(ANYONE) is None
