"""The HTTP client, and submitting until there is an answer."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import httpx
import pytest

from entrypoints.cli import submit
from entrypoints.cli.client import EngineClient
from entrypoints.cli.ending import NO_ENGINE, REFUSED
from entrypoints.cli.output import json_text, plainly
from entrypoints.cli.troubles import NoAnswer, NoEngine, NotAnEngine, Refused

URL = "http://engine.test"
ACCEPTED = httpx.Response(202, json={"orderId": "1", "status": "pending"})
Answers = httpx.Response | Exception


def client_of(*answers: Answers) -> tuple[EngineClient, list[httpx.Request]]:
    """Return a client whose server answers so, one after the other, and what it was asked."""
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        found = answers[len(asked) - 1]
        if isinstance(found, Exception):
            raise found
        return found

    return EngineClient(URL, httpx.MockTransport(answer)), asked


def problem(status: int, code: str, retry_after: str | None = None, **more: object) -> httpx.Response:
    headers = {"Content-Type": "application/problem+json"} | ({"Retry-After": retry_after} if retry_after else {})
    return httpx.Response(
        status, content=json.dumps({"code": code, "detail": f"It is {code}", **more}), headers=headers
    )


def test_decimals_keep_their_digits() -> None:
    client, _ = client_of(httpx.Response(200, content=b'{"orderId":"1","executionPrice":147.33120000000001}'))
    order = client.order("1")
    assert order["executionPrice"] == Decimal("147.33120000000001")
    assert json_text(order) == '{"orderId":"1","executionPrice":147.33120000000001}'


def test_small_decimals_have_no_exponent() -> None:
    amount = Decimal("0.0000001")
    assert json_text({"data": [{"amount": amount}]}) == '{"data":[{"amount":0.0000001}]}'
    assert plainly(amount) == "0.0000001"


def test_a_refusal_tells_every_bad_field() -> None:
    errors = [{"field": "amount", "message": "must be greater than 0"}, {"field": "userId", "message": "is missing"}]
    client, _ = client_of(problem(400, "validation_failed", errors=errors))
    with pytest.raises(Refused) as caught:
        client.submit({}, "k")
    assert str(caught.value).splitlines() == [
        "Refused (validation_failed):",
        "  amount: must be greater than 0",
        "  userId: is missing",
    ]
    assert (caught.value.exit_code, caught.value.come_back) == (REFUSED, None)


def test_a_503_tells_when_to_come_back() -> None:
    client, _ = client_of(problem(503, "overloaded", "7", accepted=False))
    with pytest.raises(Refused, match=r"Refused \(overloaded\): It is overloaded\. It asks to come back in 7 s\."):
        client.order("1")


@pytest.mark.parametrize(
    ("answer", "trouble", "text"),
    [
        (httpx.ConnectError("refused"), NoEngine, "No engine answers at http://engine.test: start one with `make run`"),
        (httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED]"), NoEngine, "CERTIFICATE_VERIFY_FAILED"),
        (httpx.ReadTimeout("slow"), NoAnswer, "did not answer within 10 s"),
        (httpx.ReadError("reset"), NoAnswer, "broke before an answer came"),
        (httpx.RemoteProtocolError("Server disconnected without sending a response."), NoAnswer, "broke before"),
        (httpx.RemoteProtocolError("illegal status line"), NotAnEngine, "what it says is not HTTP"),
        (httpx.Response(200, html="<p>hello"), NotAnEngine, "GET /api/orders/1 was answered 200, text/html"),
        (httpx.Response(200, json=["orderId"]), NotAnEngine, "not an order engine"),
        (httpx.Response(200, content=b"[" * 100_000), NotAnEngine, "not an order engine"),
        (httpx.Response(404, json={"detail": "Not Found"}), NotAnEngine, "answered 404, application/json"),
        (httpx.Response(302, headers={"Location": "/login"}), NotAnEngine, "answered 302"),
        (httpx.Response(502, html="<h1>Bad Gateway"), NoAnswer, "answers 502: there is no engine behind it now"),
    ],
    ids=str,
)
def test_whatever_goes_wrong_is_one_clear_sentence(answer: Answers, trouble: type[Exception], text: str) -> None:
    client, _ = client_of(answer)
    with pytest.raises(trouble) as caught:
        client.order("1")
    assert text in str(caught.value)
    assert getattr(caught.value, "exit_code", None) == NO_ENGINE


def test_ids_cannot_change_the_path() -> None:
    client, asked = client_of(ACCEPTED)
    client.cancel("a/../b?c#d")
    assert asked[0].url.raw_path == b"/api/orders/a%2F..%2Fb%3Fc%23d/cancel"


def page(*ids: str, cursor: str | None) -> httpx.Response:
    return httpx.Response(200, json={"data": [{"orderId": order_id} for order_id in ids], "nextCursor": cursor})


def test_the_time_is_the_engines() -> None:
    said = httpx.Response(200, json={"data": []}, headers={"Date": "Sun, 06 Nov 1994 08:49:37 GMT"})
    client, _ = client_of(said, httpx.Response(200, json={"data": []}))
    list(client.pages(1))
    assert client.now() == datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)
    list(client.pages(1))
    assert abs(client.now() - datetime.now(UTC)) < timedelta(minutes=1)


def test_pages_follow_the_cursor_to_the_limit() -> None:
    client, asked = client_of(page("1", "2", cursor="x"), page("3", cursor="y"))
    pages = list(client.pages(3, userId="u", status=None))
    assert [order["orderId"] for page in pages for order in page["data"]] == ["1", "2", "3"]
    assert [dict(request.url.params) for request in asked] == [
        {"limit": "3", "userId": "u"},
        {"limit": "1", "cursor": "x", "userId": "u"},
    ]


def test_all_pages_are_read_when_there_is_no_limit() -> None:
    client, asked = client_of(page("1", cursor="x"), page(cursor=None))
    assert len(list(client.pages(None))) == 2
    assert asked[1].url.params["limit"] == "200"


@pytest.fixture
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submit, "PAUSE_SECONDS", 0.0)


def keys(asked: list[httpx.Request]) -> set[str]:
    return {request.headers["Idempotency-Key"] for request in asked}


@pytest.mark.parametrize(
    "first",
    [
        lambda: problem(503, "store_unavailable", "0", accepted="unknown"),
        lambda: problem(429, "rate_limited", "0"),
        lambda: httpx.ReadTimeout("slow"),
        lambda: httpx.Response(503, html="<p>"),
    ],
)
@pytest.mark.usefixtures("no_pause")
def test_what_may_pass_is_tried_again_with_the_same_key(
    first: Callable[[], Answers], capsys: pytest.CaptureFixture[str]
) -> None:
    client, asked = client_of(first(), ACCEPTED)
    assert submit.place(client, {"amount": "1"}, "k-1") == ({"orderId": "1", "status": "pending"}, False)
    assert (len(asked), keys(asked)) == (2, {"k-1"})
    assert "Trying again in 0 s, with --idempotency-key k-1" in capsys.readouterr().err


@pytest.mark.usefixtures("no_pause")
def test_an_engine_that_is_gone_after_it_heard_of_the_order_leaves_it_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submit, "PATIENCE_SECONDS", 0.0)
    client, _ = client_of(httpx.ReadError("reset"))
    with pytest.raises(
        NoAnswer, match="not known whether the order was accepted: repeat this with --idempotency-key k"
    ):
        submit.place(client, {}, "k")


def test_an_engine_that_was_never_there_heard_of_no_order() -> None:
    client, asked = client_of(httpx.ConnectError("refused"))
    with pytest.raises(NoEngine):
        submit.place(client, {}, "k")
    assert len(asked) == 1


def test_it_does_not_wait_longer_than_it_may() -> None:
    client, _ = client_of(problem(503, "trading_halted", "60", accepted=False))
    with pytest.raises(Refused, match="trading_halted"):
        submit.place(client, {}, "k")


def test_what_cannot_pass_is_not_tried_again() -> None:
    client, asked = client_of(problem(422, "idempotency_key_reused"))
    with pytest.raises(Refused):
        submit.place(client, {}, "k")
    assert len(asked) == 1


def test_symbols_are_by_address_and_the_first_of_two_counts() -> None:
    listed = [{"address": "So1", "symbol": "SOL"}, {"address": "So1", "symbol": "WSOL"}]
    client, _ = client_of(httpx.Response(200, json={"data": listed}))
    assert client.symbols() == {"So1": "SOL"}


def test_an_engine_that_tells_no_symbols_is_no_trouble() -> None:
    client, _ = client_of(problem(404, "not_found"), httpx.ConnectError("gone"))
    assert (client.symbols(), client.symbols()) == ({}, {})
