"""The order's state machine: the whole table, and what every path keeps true."""

from decimal import Decimal

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import IllegalTransition
from domain.events import OrderEvent
from domain.order import Order, Step
from domain.status import FINAL, RESTING, RUNNABLE, TRANSITIONS, EventKind, FailureReason, OrderStatus
from tests.builders import (
    QUOTES,
    ROUTING,
    VENUES,
    a_fill,
    a_stamp,
    a_transaction,
    an_order,
    confirmed,
    resting,
    routed,
    submitted,
)

ALLOWED = {
    "pending": {
        "quotes_requested": "routing",
        "rested": "resting",
        "cancelled": "failed",
        "expired": "failed",
        "failed": "failed",
    },
    "resting": {"triggered": "routing", "cancelled": "failed", "expired": "failed", "failed": "failed"},
    "routing": {
        "quotes_requested": "routing",
        "route_chosen": "routing",
        "build_started": "building",
        "attempt_failed": "routing",
        "resumed": "routing",
        "limit_missed": "resting",
        "cancelled": "failed",
        "expired": "failed",
        "failed": "failed",
    },
    "building": {
        "transaction_submitted": "submitted",
        "attempt_failed": "routing",
        "resumed": "routing",
        "cancelled": "failed",
        "expired": "failed",
        "failed": "failed",
    },
    "submitted": {"swap_confirmed": "confirmed", "attempt_failed": "routing", "failed": "failed"},
}


def event_of(order: Order, kind: EventKind, status: OrderStatus) -> OrderEvent:
    return OrderEvent(
        order_id=order.order_id,
        user_id=order.user_id,
        seq=order.version + 1,
        event_id="e",
        kind=kind,
        status=status,
        message=f"{kind}",
        attempt=order.attempt,
        at=a_stamp().at,
    )


@pytest.mark.parametrize("status", OrderStatus)
@pytest.mark.parametrize("kind", EventKind)
def test_every_status_takes_exactly_the_events_of_the_table(status: OrderStatus, kind: EventKind) -> None:
    order = evolve(an_order(), status=status)
    target = ALLOWED.get(status, {}).get(kind)
    assert TRANSITIONS.get((status, kind)) == target
    if target is None:
        for claimed in OrderStatus:
            with pytest.raises(IllegalTransition):
                order.apply(event_of(order, kind, claimed))
    else:
        assert order.apply(event_of(order, kind, OrderStatus(target))).status == target


@pytest.mark.parametrize("status", OrderStatus)
def test_every_status_runs_or_rests_or_is_final(status: OrderStatus) -> None:
    assert [status in group for group in (RUNNABLE, RESTING, FINAL)].count(True) == 1
    assert (status.is_runnable, status.is_final) == (status in RUNNABLE, status in FINAL)
    order = evolve(an_order(), status=status)
    assert order.runs == (status in RUNNABLE)
    assert not evolve(order, held=True).runs


def test_an_order_rests_until_its_price_is_reached_and_again_when_the_quotes_miss_it() -> None:
    order = resting(an_order())
    order, _ = order.trigger(a_stamp(), Decimal("151.30"), "Raydium")
    order, event = routed(order).miss_limit(a_stamp(), Decimal("151.1"))
    assert order.logs == (
        "Waiting for 151.2 or better",
        "Price reached: 151.3 at Raydium",
        "Fetching quotes from Raydium & Meteora...",
        "Best route: Meteora",
        "Quote 151.1 misses the limit, waiting again",
    )
    assert (order.status, event.attempt, order.attempt) == ("resting", 1, 1)
    assert (order.quotes, order.chosen_venue, order.finished_at) == ((), None, None)
    again, event = order.trigger(a_stamp(), Decimal("151.2"), "Meteora")[0].request_quotes(a_stamp(), VENUES)
    assert (event.kind, again.status) == (EventKind.QUOTES_REQUESTED, "routing")


@pytest.mark.parametrize("reason", [FailureReason.CANCELLED, FailureReason.INTERNAL_ERROR])
def test_a_resting_order_can_be_cancelled_failed_by_an_operator_and_expired(reason: FailureReason) -> None:
    order = resting(an_order())
    assert order.fail(a_stamp(), reason)[0].reason is reason
    assert order.expire(a_stamp())[0].reason is FailureReason.EXPIRED


def test_a_clean_run_logs_the_five_messages_in_order() -> None:
    order = confirmed(an_order())
    assert order.logs == (
        "Fetching quotes from Raydium & Meteora...",
        "Best route: Meteora",
        "Building transaction...",
        "Transaction submitted to network...",
        "Swap executed successfully",
    )
    assert (order.status, order.version, order.attempt) == (OrderStatus.CONFIRMED, 5, 1)
    assert order.execution_price == Decimal("147.3312")
    assert order.tx_hash
    assert order.finished_at is not None


def test_a_failed_attempt_is_told_with_its_own_number_and_the_next_one_counts_on() -> None:
    order = submitted(an_order())
    after, event = order.fail_attempt(a_stamp(), "Slippage tolerance exceeded", 3, 1000)
    assert event.message == "Attempt 1 of 3 failed: Slippage tolerance exceeded. Retrying in 1 s"
    assert (event.attempt, event.status) == (1, OrderStatus.ROUTING)
    assert (after.attempt, after.status, after.tx_hash, after.chosen_venue, after.quotes) == (
        2,
        "routing",
        None,
        None,
        (),
    )


@pytest.mark.parametrize(("ms", "text"), [(500, "0.5"), (2000, "2"), (1250, "1.25"), (10_000, "10"), (0, "0")])
def test_the_wait_is_told_in_seconds_without_trailing_zeros(ms: int, text: str) -> None:
    _, event = routed(an_order()).fail_attempt(a_stamp(), "No venue could quote", 3, ms)
    assert event.message.endswith(f"Retrying in {text} s")


@pytest.mark.parametrize("reason", FailureReason)
def test_a_failed_order_says_why_and_keeps_no_hash_and_no_price(reason: FailureReason) -> None:
    order, event = routed(an_order()).fail(a_stamp(), reason)
    assert order.status is OrderStatus.FAILED
    assert (order.reason, order.tx_hash, order.execution_price) == (reason, None, None)
    assert order.logs[-1] == event.message == reason.message
    assert order.finished_at == event.at


def test_an_order_too_old_expires_before_it_is_submitted_but_not_after() -> None:
    assert an_order().expire(a_stamp())[0].reason is FailureReason.EXPIRED
    with pytest.raises(IllegalTransition):
        submitted(an_order()).expire(a_stamp())


def test_a_submitted_order_cannot_be_cancelled() -> None:
    with pytest.raises(IllegalTransition):
        submitted(an_order()).fail(a_stamp(), FailureReason.CANCELLED)


def test_a_crash_in_mid_attempt_starts_the_same_attempt_again() -> None:
    building, _ = routed(an_order()).start_building(a_stamp())
    order, event = building.request_quotes(a_stamp(), VENUES)
    assert event.kind is EventKind.RESUMED
    assert event.message == "Fetching quotes from Raydium & Meteora..."
    assert (order.status, order.attempt, order.quotes, order.chosen_venue) == ("routing", 1, (), None)


def test_apply_refuses_an_event_that_is_not_the_next_one_and_changes_nothing() -> None:
    order = routed(an_order())
    good = event_of(order, EventKind.BUILD_STARTED, OrderStatus.BUILDING)
    for bad in (
        evolve(good, seq=order.version),
        evolve(good, seq=order.version + 2),
        evolve(good, order_id="another"),
        evolve(good, attempt=2),
        evolve(good, status=OrderStatus.CONFIRMED),
    ):
        with pytest.raises(IllegalTransition):
            order.apply(bad)
    assert order.apply(good).version == order.version + 1


MOVES = {
    "rest": lambda o: o.rest(a_stamp(), "151.2 or better"),
    "trigger": lambda o: o.trigger(a_stamp(), Decimal("151.3"), "Raydium"),
    "miss_limit": lambda o: o.miss_limit(a_stamp(), Decimal("151.1")),
    "request_quotes": lambda o: o.request_quotes(a_stamp(), VENUES),
    "choose_route": lambda o: o.choose_route(a_stamp(), QUOTES, QUOTES[0], ROUTING),
    "start_building": lambda o: o.start_building(a_stamp()),
    "submit": lambda o: o.submit(a_stamp(), a_transaction(o)),
    "confirm": lambda o: o.confirm(a_stamp(), a_fill(Decimal(150))),
    "fail_attempt": lambda o: o.fail_attempt(a_stamp(), "why", 3, 1000),
    "fail": lambda o: o.fail(a_stamp(), FailureReason.INTERNAL_ERROR),
    "cancel": lambda o: o.fail(a_stamp(), FailureReason.CANCELLED),
    "expire": lambda o: o.expire(a_stamp()),
}


@given(st.lists(st.sampled_from(sorted(MOVES)), max_size=30))
def test_whatever_is_tried_an_order_stays_consistent(moves: list[str]) -> None:
    order, events = an_order(), []
    for move in moves:
        before = order
        try:
            step: Step = MOVES[move](order)
        except IllegalTransition:
            assert order is before
            continue
        assert not before.status.is_final
        order, event = step
        events.append(event)
        assert before.apply(event) == order
        assert order.attempt - before.attempt == (event.kind is EventKind.ATTEMPT_FAILED)
        assert (order.transaction is not None) == (order.status in {OrderStatus.SUBMITTED, OrderStatus.CONFIRMED})
        assert (order.finished_at is not None) == order.status.is_final
        assert not order.quotes or order.status not in RESTING
        assert (order.reason is not None) == (order.status is OrderStatus.FAILED)
        assert (order.execution_price is not None) == (order.status is OrderStatus.CONFIRMED)
    assert [event.seq for event in events] == list(range(1, order.version + 1))
    assert order.logs == tuple(event.message for event in events)
