"""What is tried again, and what is not: nothing is done twice that was meant once."""

import time
import uuid
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from order_engine_client import (
    IdempotencyKeyReused,
    NoAnswer,
    OrderEngineError,
    StoreUnavailable,
    TradingHalted,
    Unreachable,
)
from tests.unit.python_client.answers import Answers, accepted, async_client_of, client_of, order_of, problem

ORDER: dict[str, Any] = {"input_token": "SOL", "output_token": "USDC", "amount": 1, "user_id": "anna"}
MAY_PASS: list[Callable[[], Answers]] = [
    lambda: problem(503, "store_unavailable", "1", accepted="unknown"),
    lambda: problem(503, "overloaded", "1", accepted=False),
    lambda: problem(429, "rate_limited", "1"),
    lambda: httpx.ReadTimeout("slow"),
    lambda: httpx.ReadError("reset"),
    lambda: httpx.ConnectError("refused"),
    lambda: httpx.Response(503, html="<p>"),
]
NOT_DONE = [MAY_PASS[1], MAY_PASS[2], MAY_PASS[5]]


@pytest.fixture(autouse=True)
def paused(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What is waited: nothing, but it is noted."""
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    return pauses


@pytest.mark.parametrize("first", MAY_PASS)
def test_an_order_is_submitted_again_with_the_same_key(first: Callable[[], Answers]) -> None:
    heard: list[OrderEngineError] = []
    client, asked = client_of(first(), accepted(), on_retry=lambda error, _: heard.append(error))
    done = client.submit(**ORDER)
    keys = {request.headers["Idempotency-Key"] for request in asked}
    assert (len(asked), keys, len(heard)) == (2, {done.idempotency_key}, 1)
    assert heard[0].idempotency_key == str(uuid.UUID(done.idempotency_key))


@pytest.mark.parametrize("key", ["", " ", "a b", "k\n", "é", "k" * 256])
def test_a_key_that_is_none_orders_nothing(key: str) -> None:
    client, asked = client_of(accepted())
    with pytest.raises(ValueError, match="visible ASCII"):
        client.submit(**ORDER, idempotency_key=key)
    assert not asked


async def test_the_same_for_asyncio(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("order_engine_client.attempts.FIRST_PAUSE_SECONDS", 0.0)
    client, asked = async_client_of(httpx.ReadError("reset"), accepted())
    done = await client.submit(**ORDER)
    assert [request.headers["Idempotency-Key"] for request in asked] == [done.idempotency_key] * 2


def test_it_waits_as_long_as_the_engine_asks(paused: list[float]) -> None:
    client, _ = client_of(
        problem(429, "rate_limited", "7"), httpx.ReadError("reset"), httpx.ReadError("reset"), accepted()
    )
    client.submit(**ORDER)
    assert 7.1 <= paused[0] <= 7.2
    assert 0.2 <= paused[1] <= 0.4 <= 2 * paused[2] <= 1.6


def test_it_waits_no_longer_than_its_patience() -> None:
    client, asked = client_of(problem(503, "trading_halted", "60", accepted=False))
    with pytest.raises(TradingHalted) as caught:
        client.submit(**ORDER)
    assert (len(asked), caught.value.maybe_done) == (1, False)


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        ([httpx.ReadError("reset"), problem(422, "idempotency_key_reused")], IdempotencyKeyReused),
        (
            [problem(503, "store_unavailable", "1", accepted="unknown"), problem(503, "store_unavailable", "99")],
            StoreUnavailable,
        ),
        (
            [httpx.ReadError("reset"), httpx.ConnectError("gone"), problem(503, "store_unavailable", "99")],
            StoreUnavailable,
        ),
    ],
)
def test_what_may_have_been_done_before_is_said_at_the_end(
    answers: list[Answers], kind: type[OrderEngineError]
) -> None:
    client, asked = client_of(*answers)
    with pytest.raises(kind) as caught:
        client.submit(**ORDER, idempotency_key="k")
    assert (len(asked), caught.value.maybe_done, caught.value.idempotency_key) == (len(answers), True, "k")


@pytest.mark.parametrize(
    ("answer", "maybe_done"),
    [
        (problem(500, "internal"), True),
        (problem(503, "store_unavailable", "99", accepted="unknown"), True),
        (problem(503, "store_unavailable", "99", accepted=False), False),
        (problem(400, "malformed_body"), False),
        (httpx.Response(504), True),
    ],
    ids=str,
)
def test_a_trouble_says_whether_the_order_may_be_there(answer: Answers, maybe_done: bool) -> None:
    client, asked = client_of(answer, patience=0)
    with pytest.raises(OrderEngineError) as caught:
        client.submit(**ORDER)
    assert (len(asked), caught.value.maybe_done) == (1, maybe_done)


def test_an_engine_that_was_never_there_heard_of_no_order() -> None:
    client, _ = client_of(httpx.ConnectError("refused"), patience=0)
    with pytest.raises(Unreachable) as caught:
        client.submit(**ORDER)
    assert not caught.value.maybe_done


@pytest.mark.parametrize("first", MAY_PASS)
def test_reading_is_tried_again(first: Callable[[], Answers]) -> None:
    client, asked = client_of(first(), httpx.Response(200, json=order_of()))
    assert (client.order("1").order_id, len(asked)) == ("1", 2)


@pytest.mark.parametrize("first", NOT_DONE)
def test_what_may_not_be_said_twice_is_tried_again_only_when_it_was_not_done(first: Callable[[], Answers]) -> None:
    client, asked = client_of(first(), httpx.Response(202, json=order_of()))
    assert (client.cancel("1").order_id, len(asked)) == ("1", 2)
    for broken in (httpx.ReadError("reset"), httpx.Response(502)):
        client, asked = client_of(broken)
        with pytest.raises(NoAnswer) as caught:
            client.cancel("1")
        assert (len(asked), caught.value.maybe_done) == (1, True)


def test_what_hears_of_a_retry_may_end_it() -> None:
    def no(error: OrderEngineError, _: float) -> None:
        raise error

    client, asked = client_of(httpx.ConnectError("refused"), on_retry=no)
    with pytest.raises(Unreachable):
        client.order("1")
    assert len(asked) == 1
