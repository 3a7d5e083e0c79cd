"""Running an order, and going on after a stop at any step."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from attrs import define, evolve, field

from adapters.memory.order_store import InMemoryOrderStore
from adapters.memory.update_feed import InMemoryUpdateFeed
from adapters.system import RandomIds
from application.execute_order import Done, ExecuteOrder, RetryIn
from application.frames import Frame
from application.ports.dex_gateway import Quotes
from application.ports.errors import StoreUnavailable, TransactionRejected, VenueUnavailable
from application.retry_policy import RetryPolicy
from domain.events import OrderEvent
from domain.order import Order, Step
from domain.routing import Quote, lowest_price
from domain.status import FailureReason, OrderStatus
from domain.transaction import Transaction, TransactionReport, TransactionStatus
from tests.builders import VENUES, a_request, a_stamp, an_id, an_order
from tests.clock import ManualClock
from tests.gateways import FILL, LANDED, PENDING, UNKNOWN, ScriptedGateway

CLEAN = (
    "Fetching quotes from Raydium & Meteora...",
    "Best route: Meteora",
    "Building transaction...",
    "Transaction submitted to network...",
    "Swap executed successfully",
)
SLIPPAGE = TransactionRejected(FailureReason.SLIPPAGE_EXCEEDED)


@define
class Bench:
    """An engine's executing half on in-memory adapters; `told` is what was published."""

    clock: ManualClock
    store: InMemoryOrderStore
    feed: InMemoryUpdateFeed
    gateway: ScriptedGateway
    execute: ExecuteOrder
    told: list[Frame] = field(factory=list)

    async def order(self) -> Order:
        order = Order.new(an_id(), a_request(), self.clock.now())
        await self.store.add(order)
        return order

    async def at(self, *steps: str) -> Order:
        """Store an order that took these steps and was then left alone."""
        order = await self.order()
        for step in steps:
            order = await self.write(await self.step(order, step))
        return order

    async def step(self, order: Order, name: str) -> Step:
        quotes = (await self.gateway.quotes(order)).quotes
        moves = {
            "request_quotes": lambda: order.request_quotes(a_stamp(), VENUES),
            "choose_route": lambda: order.choose_route(a_stamp(), quotes, lowest_price(quotes)),
            "start_building": lambda: order.start_building(a_stamp()),
            "fail_attempt": lambda: order.fail_attempt(a_stamp(), "why", 3, 1000),
        }
        if name == "submit":
            return order.submit(a_stamp(), await self.gateway.build(order, quotes[1]))
        return moves[name]()

    async def write(self, step: Step) -> Order:
        await self.store.append(*step)
        return step[0]

    async def latest(self, order: Order) -> Order:
        latest = await self.store.get(order.order_id)
        assert latest is not None
        return latest


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    clock = ManualClock()
    store, feed, gateway = InMemoryOrderStore(clock), InMemoryUpdateFeed(), ScriptedGateway(clock)
    execute = ExecuteOrder(store, feed, gateway, clock, RandomIds(), lowest_price, RetryPolicy())
    bench = Bench(clock, store, feed, gateway, execute)
    async with feed.subscribe_all(bench.told.append):
        yield bench


SUBMITTED = ("request_quotes", "choose_route", "start_building", "submit")


async def test_a_clean_run_is_the_five_steps_stored_and_told(bench: Bench) -> None:
    order = await bench.order()
    assert await bench.execute(order.order_id) == Done()
    latest = await bench.latest(order)
    assert latest.logs == CLEAN
    assert (latest.status, latest.execution_price, latest.chosen_dex) == (OrderStatus.CONFIRMED, FILL.price, "Meteora")
    frames = await bench.store.events(order.order_id, 0)
    await asyncio.sleep(0)
    assert [frame.text for frame in bench.told] == [frame.text for frame in frames]
    assert [json.loads(frame.text)["message"] for frame in frames] == list(CLEAN)


async def test_three_rejections_fail_the_order_and_failed_is_told_once(bench: Bench) -> None:
    order = await bench.order()
    bench.gateway.executing = [SLIPPAGE, SLIPPAGE, SLIPPAGE]
    assert await bench.execute(order.order_id) == RetryIn(1.0)
    assert await bench.execute(order.order_id) == RetryIn(2.0)
    assert await bench.execute(order.order_id) == Done()
    latest = await bench.latest(order)
    assert (latest.status, latest.attempt, latest.tx_hash) == (OrderStatus.FAILED, 3, None)
    assert latest.logs[4] == "Attempt 1 of 3 failed: Slippage tolerance exceeded. Retrying in 1 s"
    assert latest.logs[9] == "Attempt 2 of 3 failed: Slippage tolerance exceeded. Retrying in 2 s"
    assert latest.logs[-1] == "Slippage tolerance exceeded"
    await asyncio.sleep(0)
    assert [json.loads(frame.text)["status"] for frame in bench.told].count("failed") == 1
    assert len(set(bench.gateway.sent)) == 3


async def test_a_rejected_attempt_is_followed_by_a_confirmed_one(bench: Bench) -> None:
    order = await bench.order()
    bench.gateway.executing = [SLIPPAGE]
    await bench.execute(order.order_id)
    assert await bench.execute(order.order_id) == Done()
    latest = await bench.latest(order)
    assert (latest.status, latest.attempt, latest.version) == (OrderStatus.CONFIRMED, 2, 10)
    attempts = [json.loads(f.text)["attempt"] for f in await bench.store.events(order.order_id, 0)]
    assert attempts == [1] * 5 + [2] * 5


async def test_no_quote_at_all_fails_the_attempt(bench: Bench) -> None:
    order = await bench.order()
    bench.gateway.quoting = [Quotes((), (("Raydium", "timeout"), ("Meteora", "timeout")))]
    assert await bench.execute(order.order_id) == RetryIn(1.0)
    assert (await bench.latest(order)).logs[-1] == "Attempt 1 of 3 failed: No venue could quote. Retrying in 1 s"


async def test_a_venue_that_cannot_build_fails_the_attempt(bench: Bench) -> None:
    order = await bench.order()
    bench.gateway.building = [VenueUnavailable("500")]
    assert await bench.execute(order.order_id) == RetryIn(1.0)
    assert bench.gateway.sent == []


@pytest.mark.parametrize("steps", [SUBMITTED[:1], SUBMITTED[:2], SUBMITTED[:3]], ids=["quoting", "routed", "building"])
async def test_a_crash_before_submitting_starts_the_same_attempt_again(bench: Bench, steps: tuple[str, ...]) -> None:
    order = await bench.at(*steps)
    assert await bench.execute(order.order_id) == Done()
    latest = await bench.latest(order)
    assert latest.logs == order.logs + CLEAN
    assert (latest.status, latest.attempt) == (OrderStatus.CONFIRMED, 1)
    assert len(bench.gateway.sent) == 1


async def test_a_crash_after_a_failed_attempt_goes_on_with_the_next(bench: Bench) -> None:
    order = await bench.at(*SUBMITTED, "fail_attempt")
    assert await bench.execute(order.order_id) == Done()
    assert (await bench.latest(order)).attempt == 2


async def test_a_submitted_order_whose_swap_landed_is_confirmed_and_not_sent_again(bench: Bench) -> None:
    order = await bench.at(*SUBMITTED)
    bench.gateway.reports = [LANDED]
    assert await bench.execute(order.order_id) == Done()
    latest = await bench.latest(order)
    assert (latest.status, latest.tx_hash) == (OrderStatus.CONFIRMED, order.tx_hash)
    assert bench.gateway.sent == []
    assert bench.gateway.looked_up == [order.tx_hash]


async def test_a_submitted_order_that_was_rejected_is_retried(bench: Bench) -> None:
    order = await bench.at(*SUBMITTED)
    bench.gateway.reports = [TransactionReport(TransactionStatus.REJECTED, reason=FailureReason.SLIPPAGE_EXCEEDED)]
    assert await bench.execute(order.order_id) == RetryIn(1.0)
    assert (await bench.latest(order)).attempt == 2


async def test_a_pending_swap_gives_the_slot_back_and_changes_nothing(bench: Bench) -> None:
    order = await bench.at(*SUBMITTED)
    bench.gateway.reports = [PENDING, VenueUnavailable("timeout")]
    assert isinstance(await bench.execute(order.order_id), RetryIn)
    assert isinstance(await bench.execute(order.order_id), RetryIn)
    assert (await bench.latest(order)).version == order.version
    assert bench.gateway.sent == []


async def test_an_unknown_swap_is_sent_again_as_it_was_before_it_expires(bench: Bench) -> None:
    order = await bench.at(*SUBMITTED)
    bench.gateway.reports = [UNKNOWN]
    assert await bench.execute(order.order_id) == Done()
    assert bench.gateway.sent == [order.tx_hash]
    assert (await bench.latest(order)).status is OrderStatus.CONFIRMED


async def test_an_unknown_swap_is_left_alone_at_its_expiry_and_dead_after_the_margin(bench: Bench) -> None:
    order = await bench.at(*SUBMITTED)
    bench.gateway.reports = [UNKNOWN, UNKNOWN]
    await bench.clock.advance(31)
    assert isinstance(await bench.execute(order.order_id), RetryIn)
    assert (await bench.latest(order)).version == order.version
    await bench.clock.advance(5)
    assert await bench.execute(order.order_id) == RetryIn(1.0)
    latest = await bench.latest(order)
    assert latest.logs[-1] == "Attempt 1 of 3 failed: Transaction expired. Retrying in 1 s"
    assert bench.gateway.sent == []


async def test_a_transaction_that_its_venue_calls_expired_is_told_as_such(bench: Bench) -> None:
    order = await bench.order()
    bench.gateway.executing = [TransactionRejected(FailureReason.EXPIRED)]
    assert await bench.execute(order.order_id) == RetryIn(1.0)
    assert (await bench.latest(order)).logs[-1] == "Attempt 1 of 3 failed: Transaction expired. Retrying in 1 s"


async def test_a_lost_reply_is_never_a_rejection(bench: Bench) -> None:
    order = await bench.order()
    bench.gateway.executing = [VenueUnavailable("timeout")]
    assert isinstance(await bench.execute(order.order_id), RetryIn)
    latest = await bench.latest(order)
    assert (latest.status, latest.attempt) == (OrderStatus.SUBMITTED, 1)
    bench.gateway.reports = [LANDED]
    assert await bench.execute(order.order_id) == Done()
    assert len(bench.gateway.sent) == 1


async def test_a_worker_that_woke_too_late_changes_and_tells_nothing(bench: Bench) -> None:
    order = await bench.order()
    frozen: list[Order] = []

    async def takes_long(_: object) -> object:
        # Meanwhile another worker finds the swap landed.
        latest = await bench.latest(order)
        frozen.append(await bench.write(latest.confirm(a_stamp(), FILL)))
        return FILL

    bench.gateway.executing = [takes_long]  # type: ignore[list-item]
    assert await bench.execute(order.order_id) == Done()
    assert await bench.latest(order) == frozen[0]
    await asyncio.sleep(0)
    assert "confirmed" not in [json.loads(frame.text)["status"] for frame in bench.told]


async def test_a_job_for_an_unknown_or_a_finished_order_is_done(bench: Bench) -> None:
    assert await bench.execute(an_order().order_id) == Done()
    order = await bench.order()
    await bench.execute(order.order_id)
    assert await bench.execute(order.order_id) == Done()
    assert len(bench.gateway.sent) == 1


async def test_a_store_that_is_away_is_waited_out_in_mid_order(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    order = await bench.order()
    append, away = bench.store.append, [True]

    async def unreliable(order: Order, event: OrderEvent) -> Frame:
        if away[0] and event.seq == 3:
            raise StoreUnavailable
        return await append(order, event)

    monkeypatch.setattr(bench.store, "append", unreliable)
    run = asyncio.create_task(bench.execute(order.order_id))
    await bench.clock.advance(20)
    assert not run.done()
    away[0] = False
    await bench.clock.advance(1)
    assert await run == Done()
    assert (await bench.latest(order)).logs == CLEAN


async def test_the_transaction_is_stored_before_it_is_sent(bench: Bench) -> None:
    order = await bench.order()
    stored: list[Order] = []

    async def look(_: object) -> object:
        stored.append(await bench.latest(order))
        return FILL

    bench.gateway.executing = [look]  # type: ignore[list-item]
    await bench.execute(order.order_id)
    [seen] = stored
    assert seen.status is OrderStatus.SUBMITTED
    assert seen.transaction is not None
    assert seen.transaction.tx_hash == bench.gateway.sent[0]
    assert seen.transaction.expires_at == bench.clock.now() + timedelta(seconds=30)


async def test_an_answer_from_before_the_expiry_proves_nothing_to_a_worker_that_froze(bench: Bench) -> None:
    order = await bench.at(*SUBMITTED)

    async def answered_then_frozen(_: Transaction) -> TransactionReport:
        await bench.clock.sleep(60)  # meanwhile another worker may have sent it, and its swap be on its way
        return UNKNOWN

    bench.gateway.reports = [answered_then_frozen]
    run = asyncio.create_task(bench.execute(order.order_id))
    await bench.clock.advance(61)
    assert isinstance(await run, RetryIn)
    assert (await bench.latest(order)).version == order.version
    assert bench.gateway.sent == []


def with_max_age(bench: Bench, seconds: float) -> ExecuteOrder:
    return evolve(bench.execute, max_age_seconds=seconds)


@pytest.mark.parametrize(
    "steps",
    [(), SUBMITTED[:1], SUBMITTED[:2], SUBMITTED[:3], (*SUBMITTED, "fail_attempt")],
    ids=["pending", "quoting", "routed", "building", "failed attempt"],
)
async def test_an_order_that_got_too_old_before_it_was_submitted_expires(bench: Bench, steps: tuple[str, ...]) -> None:
    order = await bench.at(*steps)
    await bench.clock.advance(60.5)
    assert await with_max_age(bench, 60)(order.order_id) == Done()
    latest = await bench.latest(order)
    assert latest.logs == (*order.logs, "Order expired")
    assert (latest.status, latest.reason) == (OrderStatus.FAILED, FailureReason.EXPIRED)
    assert bench.gateway.sent == []
    [*_, frame] = await bench.store.events(order.order_id, 0)
    assert json.loads(frame.text)["reasonCode"] == "expired"


async def test_an_order_that_gets_too_old_while_it_is_built_is_not_submitted(bench: Bench) -> None:
    class SlowToBuild(ScriptedGateway):
        async def build(self, order: Order, quote: Quote) -> Transaction:
            await bench.clock.sleep(61)
            return await super().build(order, quote)

    order, gateway = await bench.order(), SlowToBuild(bench.clock)
    run = asyncio.create_task(evolve(with_max_age(bench, 60), gateway=gateway)(order.order_id))
    await bench.clock.advance(62)
    assert await run == Done()
    assert (await bench.latest(order)).logs == (*CLEAN[:3], "Order expired")
    assert gateway.sent == []


async def test_a_submitted_order_is_never_too_old(bench: Bench) -> None:
    order = await bench.at(*SUBMITTED)
    bench.gateway.reports = [LANDED]
    await bench.clock.advance(3600)
    assert await with_max_age(bench, 60)(order.order_id) == Done()
    assert (await bench.latest(order)).status is OrderStatus.CONFIRMED


async def test_an_order_just_young_enough_runs_and_without_a_limit_any_does(bench: Bench) -> None:
    young, old = await bench.order(), await bench.order()
    await bench.clock.advance(60)
    assert await with_max_age(bench, 60)(young.order_id) == Done()
    await bench.clock.advance(1_000_000)
    assert await bench.execute(old.order_id) == Done()
    for order in (young, old):
        assert (await bench.latest(order)).status is OrderStatus.CONFIRMED
