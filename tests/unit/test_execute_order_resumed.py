"""Going on with an order that stopped at any step, or that another worker has finished meanwhile."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from application.execute_order import Done, RetryIn
from application.ports.errors import VenueUnavailable
from domain.order import Order
from domain.status import FailureReason, OrderStatus
from domain.transaction import Transaction, TransactionReport, TransactionStatus
from tests.builders import a_stamp, an_order
from tests.execution import CLEAN, SUBMITTED, Bench, open_bench
from tests.gateways import FILL, LANDED, PENDING, UNKNOWN


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with open_bench() as bench:
        yield bench


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


async def test_a_job_for_an_unknown_or_a_finished_order_is_done(bench: Bench) -> None:
    assert await bench.execute(an_order().order_id) == Done()
    order = await bench.order()
    await bench.execute(order.order_id)
    assert await bench.execute(order.order_id) == Done()
    assert len(bench.gateway.sent) == 1
