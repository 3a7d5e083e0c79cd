"""How calls are asked and answers read: exactly, and whatever somebody else answers is one clear error."""

import inspect
import re
from datetime import UTC, datetime
from decimal import Decimal
from importlib.resources import files
from typing import Any

import httpx
import pytest
import yaml
from attrs import fields

from entrypoints.web.pages import descriptions
from entrypoints.web.problems import PROBLEMS
from order_engine_client import (
    Accepted,
    AsyncClient,
    AsyncWebhooks,
    CancelledOrders,
    Client,
    Execution,
    Frame,
    Halt,
    Me,
    NoAnswer,
    NotAnEngine,
    Order,
    OrderEngineError,
    Overloaded,
    QueueCounts,
    Quote,
    RateLimited,
    Refused,
    Routing,
    Stats,
    Ticket,
    Token,
    Unauthenticated,
    Unreachable,
    ValidationFailed,
    Webhooks,
    WindowCounts,
    Worker,
    calls,
    webhooks,
)
from tests.unit.python_client.answers import Answers, accepted, client_of, order_of, problem

MODELS = [
    Accepted, CancelledOrders, Execution, Frame, Halt, Me, Order, QueueCounts, Quote, Routing, Stats, Ticket, Token,
    WindowCounts, Worker,
]  # fmt: skip
NO_CALLS = {"/health/live", "/health/ready", "/metrics", "/openapi.json", "/asyncapi.json", "/docs", "/"}


def test_decimals_keep_their_digits() -> None:
    price = httpx.Response(200, json=order_of()).content.replace(
        b'"executionPrice":null', b'"executionPrice":1.10000001'
    )
    client, _ = client_of(
        httpx.Response(200, content=price.replace(b'"amount":10', b'"amount":"12345678901.123456789"'))
    )
    order = client.order("1")
    assert order.execution_price == order.raw["executionPrice"] == Decimal("1.10000001")
    assert order.amount == Decimal("12345678901.123456789")


@pytest.mark.parametrize(
    ("amount", "sent"),
    [(Decimal("1E+2"), '"100"'), (Decimal("0.00000001"), '"0.00000001"'), (7, "7"), ("1.50", '"1.50"')],
)
def test_an_amount_is_sent_as_it_is_meant(amount: Decimal | int | str, sent: str) -> None:
    client, asked = client_of(accepted())
    client.submit(input_token="SOL", output_token="USDC", amount=amount, user_id="a", slippage_bps=None)
    assert (
        asked[0].content.decode() == f'{{"inputToken": "SOL", "outputToken": "USDC", "amount": {sent}, "userId": "a"}}'
    )


def test_a_float_is_no_amount() -> None:
    client, asked = client_of()
    with pytest.raises(TypeError, match="amount must be a Decimal"):
        client.submit(input_token="SOL", output_token="USDC", amount=0.1, user_id="a")  # type: ignore[arg-type]
    assert not asked


def test_a_time_without_its_zone_is_refused_and_one_with_is_sent_in_utc() -> None:
    client, asked = client_of(httpx.Response(200, json={"data": [], "nextCursor": None}))
    with pytest.raises(ValueError, match="since must have its time zone"):
        list(client.executions(since=datetime(2026, 1, 2)))  # noqa: DTZ001
    list(client.executions(since=datetime(2026, 1, 2, tzinfo=UTC)))
    assert asked[0].url.params["since"] == "2026-01-02T00:00:00Z"


def test_fields_of_a_newer_engine_are_in_raw() -> None:
    client, _ = client_of(httpx.Response(200, json=order_of(mood="good")))
    assert client.order("1").raw["mood"] == "good"


def test_ids_cannot_change_the_path() -> None:
    client, asked = client_of(httpx.Response(202, json=order_of()))
    client.cancel("a/../b?c#d")
    assert asked[0].url.raw_path == b"/api/orders/a%2F..%2Fb%3Fc%23d/cancel"


def test_a_path_in_the_address_is_kept() -> None:
    client, asked = client_of(httpx.Response(200, json=order_of()), url="http://h/engine/")
    client.order("1")
    assert str(asked[0].url) == "http://h/engine/api/orders/1"


def page(*ids: str, cursor: str | None) -> httpx.Response:
    return httpx.Response(200, json={"data": [order_of(order_id) for order_id in ids], "nextCursor": cursor})


def test_pages_follow_the_cursor_to_the_limit() -> None:
    client, asked = client_of(page("1", "2", cursor="x"), page("3", cursor="y"))
    assert [order.order_id for order in client.orders(3, user_id="u", status=None)] == ["1", "2", "3"]
    assert [dict(request.url.params) for request in asked] == [
        {"limit": "3", "userId": "u"},
        {"limit": "1", "cursor": "x", "userId": "u"},
    ]


def test_all_pages_are_read_when_there_is_no_limit() -> None:
    client, asked = client_of(page("1", cursor="x"), page(cursor=None))
    assert len(list(client.order_pages())) == 2
    assert asked[1].url.params["limit"] == "200"


def test_every_code_of_the_engine_has_a_class_of_its_own() -> None:
    assert Refused.known().keys() == PROBLEMS.keys()
    for code, kind in PROBLEMS.items():
        client, _ = client_of(problem(kind.status, code), patience=0)
        with pytest.raises(Refused.known()[code]) as caught:
            client.order("1")
        assert (caught.value.code, caught.value.status, caught.value.detail) == (code, kind.status, f"It is {code}")


def test_a_code_of_a_newer_engine_is_refused_too() -> None:
    client, _ = client_of(problem(409, "quite_new"))
    with pytest.raises(Refused) as caught:
        client.order("1")
    assert (type(caught.value), caught.value.code) == (Refused, "quite_new")


def test_a_refusal_has_every_bad_field() -> None:
    client, _ = client_of(problem(400, "validation_failed", errors=[{"field": "amount", "message": "is missing"}, 7]))
    with pytest.raises(ValidationFailed) as caught:
        client.order("1")
    assert [(error.field, error.message) for error in caught.value.errors] == [("amount", "is missing")]


@pytest.mark.parametrize(
    ("answer", "kind", "text"),
    [
        (httpx.ConnectError("refused"), Unreachable, "Nobody answers at http://engine.test"),
        (httpx.ConnectError("[Errno -2] Name or service not known"), Unreachable, "this name is unknown"),
        (httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED]"), Unreachable, "CERTIFICATE_VERIFY_FAILED"),
        (httpx.PoolTimeout("all busy"), Unreachable, "all connections of this client are in use"),
        (httpx.ReadTimeout("slow"), NoAnswer, "did not answer within 10 s"),
        (httpx.ReadError("reset"), NoAnswer, "broke before an answer came"),
        (httpx.RemoteProtocolError("Server disconnected without sending a response."), NoAnswer, "one with https://?"),
        (httpx.RemoteProtocolError("illegal status line"), NotAnEngine, "what it says is not HTTP"),
        (httpx.Response(200, html="<p>hello"), NotAnEngine, "GET /api/orders/1 was answered 200, text/html"),
        (httpx.Response(200, json=["orderId"]), NotAnEngine, "not an order engine"),
        (httpx.Response(200, json={"orderId": "1"}), NotAnEngine, "not an order engine"),
        (httpx.Response(200, json=order_of(amount="ten")), NotAnEngine, "not an order engine"),
        (httpx.Response(200, json=order_of(attempt=True)), NotAnEngine, "not an order engine"),
        (httpx.Response(200, json=order_of(logs="x")), NotAnEngine, "not an order engine"),
        (httpx.Response(200, content=b"[" * 100_000), NotAnEngine, "not an order engine"),
        (httpx.Response(404, json={"detail": "Not Found"}), NotAnEngine, "answered 404, application/json"),
        (httpx.Response(302, headers={"Location": "/login"}), NotAnEngine, "answered 302"),
        (httpx.Response(502, html="<h1>Bad Gateway"), NoAnswer, "answers 502: there is no engine behind it now"),
        (httpx.Response(407), NoAnswer, "The proxy before http://engine.test asks for a user name"),
        (httpx.Response(401, headers={"WWW-Authenticate": "Basic"}), Unauthenticated, "asks for a user name"),
        (httpx.Response(401, html="<p>"), NotAnEngine, "answered 401, text/html"),
        (httpx.Response(429, html="<p>"), RateLimited, "too many requests"),
    ],
    ids=str,
)
def test_whatever_goes_wrong_is_one_clear_error(answer: Answers, kind: type[OrderEngineError], text: str) -> None:
    client, _ = client_of(answer, patience=0)
    with pytest.raises(kind, match=re.escape(text)):
        client.order("1")


def test_a_503_says_when_to_come_back() -> None:
    client, _ = client_of(problem(503, "overloaded", "7", accepted=False), patience=0)
    with pytest.raises(Overloaded) as caught:
        client.order("1")
    assert (caught.value.retry_after, caught.value.maybe_done) == (7, False)


def test_the_time_is_the_engines() -> None:
    client, _ = client_of(
        httpx.Response(200, json=order_of(), headers={"Date": "Sun, 06 Nov 1994 08:49:37 GMT"}),
        httpx.Response(200, json=order_of()),
    )
    assert client.server_time is None
    client.order("1")
    client.order("1")
    assert client.server_time == datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)


def public(kind: type) -> dict[str, Any]:
    return {
        name: [(each.name, each.default, each.kind) for each in inspect.signature(method).parameters.values()]
        for name, method in inspect.getmembers(kind, inspect.isfunction)
        if not name.startswith("_")
    }


@pytest.mark.parametrize(("kind", "other"), [(Client, AsyncClient), (Webhooks, AsyncWebhooks)])
def test_both_clients_have_the_same_calls(kind: type, other: type) -> None:
    assert public(kind)
    assert public(kind) == public(other)


@pytest.fixture(scope="module")
def described() -> Any:
    return yaml.safe_load((files(descriptions) / "openapi.yaml").read_text())


@pytest.mark.parametrize("model", MODELS)
def test_every_described_field_is_there(described: Any, model: type[Any]) -> None:
    schemas = described["components"]["schemas"]
    schema = schemas[model.__name__] if model is not Token else schemas["Tokens"]["properties"]["data"]["items"]
    ours = {each.name for each in fields(model)} - {"raw"}
    if model is Accepted:
        ours -= {"replayed", "idempotency_key"}  # of its headers
    assert {re.sub(r"_(\w)", lambda found: found[1].upper(), name) for name in ours} == schema["properties"].keys()


def test_every_described_call_is_there(described: Any) -> None:
    """But for what people, balancers and Prometheus ask."""
    wanted = {
        (method.upper(), re.sub(r"\{\w+\}", "ID", path))
        for path, operations in described["paths"].items()
        for method in operations.keys() & {"get", "post", "patch", "delete", "put"}
        if path not in NO_CALLS and not path.startswith(("/console", "/docs", "/orders"))
    }
    assert {(call.method, call.path) for call in every_call()} == wanted


def every_call() -> list[calls.Call[Any]]:
    return [
        calls.submit({"input_token": "SOL", "output_token": "USDC", "amount": 1, "user_id": "a"}),
        calls.order("ID"),
        calls.events("ID", None),
        calls.cancel("ID"),
        calls.cancel_all({}),
        calls.requeue("ID", None),
        calls.revive("ID", None),
        calls.fail("ID", None, None),
        calls.orders({}, 1, None),
        calls.executions({}, 1, None),
        calls.tokens(),
        calls.me(),
        calls.ticket("/ws/orders"),
        calls.stats(),
        webhooks.create({"url": "https://hooks.example.com/"}),
        webhooks.find(None),
        webhooks.get("ID"),
        webhooks.change("ID", {}),
        webhooks.remove("ID"),
        webhooks.rotate_secret("ID"),
        webhooks.test("ID"),
        webhooks.deliveries("ID", 1, None),
        webhooks.replay("ID", datetime(2026, 1, 2, tzinfo=UTC), None),
    ]
