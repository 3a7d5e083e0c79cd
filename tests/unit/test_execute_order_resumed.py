"""Going on with an order that stopped at any step, or that another worker has finished meanwhile."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from attrs import evolve

from adapters.memory.order_store import InMemoryOrderStore
from application.execute_order import Done, RetryIn
from application.ports.errors import StoreUnavailable, VenueUnavailable
from domain.order import Order
from domain.status import FailureReason, OrderStatus
from domain.transaction import TransactionReport, TransactionStatus
from tests.builders import a_stamp, an_order
from tests.execution import CLEAN, SUBMITTED, Bench, open_bench
from tests.scripted_venue import DEAD, FILL, LANDED, PENDING, REJECTED, UNKNOWN


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
    assert len(bench.script.sent) == 1


async def test_a_crash_after_a_failed_attempt_goes_on_with_the_next(bench: Bench) -> None:
    order = await bench.at(*SUBMITTED, "fail_attempt")
    assert await bench.execute(order.order_id) == Done()
    assert (await bench.latest(order)).attempt == 2


async def test_a_submitted_order_whose_swap_landed_is_confirmed_and_not_sent_again(bench: Bench) -> None:
    order = await bench.at(*SUBMITTED)
    bench.script.reports = [LANDED]
    assert await bench.execute(order.order_id) == Done()
    latest = await bench.latest(order)
    assert (latest.status, latest.tx_hash) == (OrderStatus.CONFIRMED, order.tx_hash)
    assert bench.script.sent == []
    assert bench.script.looked_up == [order.tx_hash]


async def test_a_submitted_order_that_was_rejected_is_retried(bench: Bench) -> None:
    order = await bench.at(*SUBMITTED)
    bench.script.reports = [REJECTED]
    assert await bench.execute(order.order_id) == RetryIn(1.0)
    assert (await bench.latest(order)).attempt == 2


async def test_a_pending_swap_gives_the_slot_back_and_changes_nothing(bench: Bench) -> None:
    order = await bench.at(*SUBMITTED)
    bench.script.reports = [PENDING, VenueUnavailable("timeout")]
    assert isinstance(await bench.execute(order.order_id), RetryIn)
    assert isinstance(await bench.execute(order.order_id), RetryIn)
    assert (await bench.latest(order)).version == order.version
    assert bench.script.sent == []


@pytest.mark.parametrize("seconds", [0, 31, 86_400])
async def test_an_unknown_swap_is_sent_again_as_it_was_however_late(bench: Bench, seconds: float) -> None:
    order = await bench.at(*SUBMITTED)
    bench.script.reports = [UNKNOWN]
    await bench.clock.advance(seconds)
    assert await bench.execute(order.order_id) == Done()
    assert bench.script.sent == [order.transaction]
    assert (await bench.latest(order)).status is OrderStatus.CONFIRMED


class StoreInDoubt(InMemoryOrderStore):
    """Cannot say that what it shows is there to stay."""

    async def get(self, order_id: str, *, durable: bool = False) -> Order | None:
        if durable:
            raise StoreUnavailable
        return await super().get(order_id)


class StoreThatWentBack(InMemoryOrderStore):
    """What stays is an earlier version than what it showed first."""

    async def get(self, order_id: str, *, durable: bool = False) -> Order | None:
        order = await super().get(order_id)
        return evolve(order, version=order.version - 1) if order and durable else order


@pytest.mark.parametrize("kind", [StoreInDoubt, StoreThatWentBack])
async def test_a_swap_that_others_may_not_know_of_is_not_sent_again(kind: type[InMemoryOrderStore]) -> None:
    async with open_bench(kind) as bench:
        order = await bench.at(*SUBMITTED)
        bench.script.reports = [UNKNOWN]
        assert isinstance(await bench.execute(order.order_id), RetryIn)
        assert bench.script.sent == []
        assert await bench.latest(order) == order


async def test_an_unknown_swap_that_cannot_be_sent_either_is_left_as_it_is(bench: Bench) -> None:
    order = await bench.at(*SUBMITTED)
    bench.script.reports, bench.script.sending = [UNKNOWN], [VenueUnavailable("timeout")]
    await bench.clock.advance(86_400)
    assert isinstance(await bench.execute(order.order_id), RetryIn)
    assert (await bench.latest(order)).version == order.version


@pytest.mark.parametrize("found", ["looked up", "sent"])
async def test_only_a_dead_transaction_is_followed_by_another_attempt(bench: Bench, found: str) -> None:
    order = await bench.at(*SUBMITTED)
    bench.script.reports = [DEAD if found == "looked up" else UNKNOWN]
    bench.script.sending = [DEAD]
    assert await bench.execute(order.order_id) == RetryIn(1.0)
    latest = await bench.latest(order)
    assert latest.logs[-1] == "Attempt 1 of 3 failed: Transaction expired. Retrying in 1 s"
    assert (latest.attempt, latest.transaction) == (2, None)


async def test_an_order_whose_last_transaction_died_fails_with_that_reason(bench: Bench) -> None:
    order = await bench.order()
    bench.script.sending = [DEAD, DEAD, DEAD]
    for _ in range(3):
        await bench.execute(order.order_id)
    latest = await bench.latest(order)
    assert (latest.reason, latest.logs[-1]) == (FailureReason.TRANSACTION_EXPIRED, "Transaction expired")


@pytest.mark.parametrize("status", [TransactionStatus.LANDED, TransactionStatus.REJECTED])
async def test_a_report_that_does_not_say_what_came_of_it_is_loud(bench: Bench, status: TransactionStatus) -> None:
    order = await bench.at(*SUBMITTED)
    bench.script.reports = [TransactionReport(status)]
    with pytest.raises(RuntimeError, match=status):
        await bench.execute(order.order_id)
    assert (await bench.latest(order)).version == order.version


async def test_a_lost_reply_is_never_a_rejection(bench: Bench) -> None:
    order = await bench.order()
    bench.script.sending = [VenueUnavailable("timeout")]
    assert isinstance(await bench.execute(order.order_id), RetryIn)
    latest = await bench.latest(order)
    assert (latest.status, latest.attempt) == (OrderStatus.SUBMITTED, 1)
    bench.script.reports = [LANDED]
    assert await bench.execute(order.order_id) == Done()
    assert len(bench.script.sent) == 1


async def test_a_worker_that_woke_too_late_changes_and_tells_nothing(bench: Bench) -> None:
    order = await bench.order()
    frozen: list[Order] = []

    async def takes_long(_: object) -> TransactionReport:
        # Meanwhile another worker finds the swap landed.
        latest = await bench.latest(order)
        frozen.append(await bench.write(latest, latest.confirm(a_stamp(), FILL)))
        return LANDED

    bench.script.sending = [takes_long]
    assert await bench.execute(order.order_id) == Done()
    assert await bench.latest(order) == frozen[0]
    await asyncio.sleep(0)
    assert "confirmed" not in [json.loads(frame.text)["status"] for frame in bench.told]


async def test_a_job_for_an_unknown_or_a_finished_order_is_done(bench: Bench) -> None:
    assert await bench.execute(an_order().order_id) == Done()
    order = await bench.order()
    await bench.execute(order.order_id)
    assert await bench.execute(order.order_id) == Done()
    assert len(bench.script.sent) == 1
