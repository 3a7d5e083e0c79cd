"""Orders over HTTP: taken, read back exactly, listed, followed, cancelled."""

import asyncio
import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from application.trading_rules import TradingRules
from domain.origin import Origin
from tests.api import ORDER, Api, Engine, exact, running_api
from tests.builders import an_id, an_order
from tests.unit.http.refusal import refused
from tests.unit.test_origin import TRACEPARENT

pytestmark = pytest.mark.asyncio(loop_scope="module")

EXECUTE = "/api/orders/execute"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


async def read(api: Api, order_id: str) -> dict[str, Any]:
    answer = await api.http.get(f"/api/orders/{order_id}")
    assert answer.status_code == 200
    order: dict[str, Any] = exact(answer.text)
    return order


async def test_an_order_is_taken(shared_api: Api) -> None:
    answer = await shared_api.http.post(EXECUTE, json=ORDER)
    order_id = answer.json()["orderId"]
    assert answer.status_code == 202
    assert answer.text == f'{{"orderId":"{order_id}","status":"pending"}}'
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Location"] == f"/api/orders/{order_id}"
    assert "Idempotency-Replayed" not in answer.headers
    assert str(UUID(order_id)) == order_id
    assert UUID(order_id).version == 4


async def test_a_new_order_is_shown_whole(shared_api: Api) -> None:
    order_id = await shared_api.submit(clientOrderId="a.b_c:d-1", slippageBps=50, userId="whole")
    order = await read(shared_api, order_id)
    created, updated = order.pop("createdAt"), order.pop("updatedAt")
    assert TIME.fullmatch(created)
    assert TIME.fullmatch(updated)
    assert order == {
        **ORDER,
        **{"orderId": order_id, "userId": "whole", "slippageBps": 50, "clientOrderId": "a.b_c:d-1"},
        **{"status": "pending", "attempt": 1, "quotes": [], "logs": []},
        **dict.fromkeys(("chosenDex", "txHash", "executionPrice", "reasonCode", "finishedAt", "routing")),
    }


async def test_an_order_without_a_limit_has_the_engines_and_a_repeat_stays_one() -> None:
    headers = {"Idempotency-Key": "k"}
    async with running_api(Engine(rules=TradingRules("lowest_price", 10_000))) as api:
        taken = await api.http.post(EXECUTE, json=ORDER, headers=headers)
        order_id = taken.json()["orderId"]
        assert (await read(api, order_id))["slippageBps"] == 10_000
        assert (await api.http.get("/api/stats")).json()["defaultSlippageBps"] == 10_000
        assert (await read(api, await api.submit(slippageBps=7)))["slippageBps"] == 7
        await api.engine.execute(order_id)
        transaction = (await api.engine.store.get(order_id) or an_order()).transaction
        assert transaction is not None
        assert transaction.limit_price is not None
        assert (await api.http.post(EXECUTE, json=ORDER, headers=headers)).text == taken.text
        named = await api.http.post(EXECUTE, json={**ORDER, "slippageBps": 10_000}, headers=headers)
        assert named.json()["code"] == "idempotency_key_reused"


async def test_a_finished_order_is_shown_whole(shared_api: Api) -> None:
    order_id = await shared_api.submit()
    await shared_api.engine.execute(order_id)
    order = await read(shared_api, order_id)
    assert order["status"] == "confirmed"
    assert re.fullmatch(r"tx_[a-z0-9]{20}_mock", order["txHash"])
    assert order["executionPrice"] > 0
    assert len(order["logs"]) == 5
    assert order["finishedAt"] is not None
    assert sorted(quote["dex"] for quote in order["quotes"]) == ["Meteora", "Raydium"]
    assert [quote["dex"] for quote in order["quotes"] if quote["chosen"]] == [order["chosenDex"]]


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("10", "10"), ("10.0", "10"), ("1e1", "10"), ("1E+1", "10"), ("100e-1", "10"), ('"10"', "10"),
        ('"0010.500"', "10.5"),
        ("0.1", "0.1"), ("1e-8", "0.00000001"), ("0.00000001", "0.00000001"), ('"0.00000001"', "0.00000001"),
        ("9999999999.99999999", "9999999999.99999999"), ("9999999999", "9999999999"), ("0.30000000000000000", "0.3"),
        ("1.50000000" + "0" * 5000, "1.5"), ("123456789.12345678", "123456789.12345678"), ("1000000000", "1000000000"),
    ],
    ids=lambda text: text[:24],
)  # fmt: skip
async def test_amounts_come_back_exactly(shared_api: Api, given: str, shown: str) -> None:
    body = json.dumps({**ORDER, "amount": 0}).replace('"amount": 0', f'"amount": {given}')
    answer = await shared_api.http.post(EXECUTE, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 202, answer.text
    answer = await shared_api.http.get(answer.headers["Location"])
    assert f'"amount":{shown},' in answer.text


@pytest.mark.parametrize(
    "fields",
    [
        {"userId": "u" * 255, "inputToken": "S" * 50, "outputToken": "é" * 50},
        {"userId": '日本語 \U0001f600 "quoted" \\ </script> \'; DROP TABLE orders; --'},
        {"inputToken": "a b", "outputToken": "a  b"},
        {"slippageBps": 0, "clientOrderId": "0"},
        {"slippageBps": 10_000, "clientOrderId": "z" * 64},
    ],
    ids=str,
)
async def test_edges_that_are_allowed(shared_api: Api, fields: Mapping[str, Any]) -> None:
    order = await read(shared_api, await shared_api.submit(**fields))
    assert {name: order[name] for name in fields} == fields


async def test_strings_are_trimmed(shared_api: Api) -> None:
    order = await read(
        shared_api,
        await shared_api.submit(inputToken=" SOL\n", outputToken="\tUSDC ", userId=" trimmed ", clientOrderId=" c "),
    )
    assert [order[name] for name in ("inputToken", "outputToken", "userId", "clientOrderId")] == [
        "SOL",
        "USDC",
        "trimmed",
        "c",
    ]


@pytest.mark.parametrize(
    "kind", ["application/json; charset=utf-8", "APPLICATION/JSON", "application/json;x=y", "Application/json ; v=1"]
)
async def test_other_spellings_of_the_media_type(shared_api: Api, kind: str) -> None:
    answer = await shared_api.http.post(EXECUTE, content=json.dumps(ORDER), headers={"Content-Type": kind})
    assert answer.status_code == 202


async def test_a_list_is_paged_newest_first(shared_api: Api) -> None:
    ids = [await shared_api.submit(userId="pager", amount=n + 1) for n in range(7)]
    pages, query = [], "userId=pager&limit=3"
    while True:
        page = (await shared_api.http.get(f"/api/orders?{query}")).json()
        assert list(page) == ["data", "nextCursor"]
        pages.append([order["orderId"] for order in page["data"]])
        if page["nextCursor"] is None:
            break
        await shared_api.submit(userId="pager")  # orders that arrive meanwhile move nothing
        query = f"userId=pager&limit=3&cursor={page['nextCursor']}"
    assert [len(page) for page in pages] == [3, 3, 1]
    assert [order_id for page in pages for order_id in page] == ids[::-1]


async def test_a_cursor_does_not_reveal_whether_there_is_another_users_order(shared_api: Api) -> None:
    for _ in range(2):
        await shared_api.submit(userId="cursor's")
        await shared_api.submit(userId="other")
    foreign = (await shared_api.http.get("/api/orders?userId=other&limit=1")).json()["nextCursor"]
    unknown = urlsafe_b64encode(UUID(an_id()).bytes).decode().rstrip("=")
    answers = set()
    for cursor in (foreign, unknown, "garbage", "~eA"):
        url = f"/api/orders?userId=cursor%27s&cursor={cursor}"
        answer = await shared_api.http.get(url, headers={"X-Request-Id": "mine"})
        answers.add((answer.status_code, answer.content))
    assert [status for status, _ in answers] == [400]


async def test_names_are_kept_in_one_form(shared_api: Api) -> None:
    order_id = await shared_api.submit(userId=" Zoe\u0308 ", inputToken="e\u0301")
    order = await read(shared_api, order_id)
    assert (order["userId"], order["inputToken"]) == ("Zo\u00eb", "\u00e9")
    for query in ("Zo\u00eb", "Zoe\u0308"):
        listed = (await shared_api.http.get("/api/orders", params={"userId": query})).json()["data"]
        assert [one["orderId"] for one in listed] == [order_id]


@pytest.mark.parametrize("path", ["/api/orders", "/api/executions"])
async def test_a_filter_names_no_user_that_no_order_can_have(shared_api: Api, path: str) -> None:
    for user_id in ("a\u202eb", "a\u200bb", "a\u2028b", "a\ue000b", "a\x1bb"):
        answer = await shared_api.http.get(path, params={"userId": user_id})
        assert [error["field"] for error in answer.json()["errors"]] == ["userId"]


async def test_lists_are_filtered(shared_api: Api) -> None:
    ids = [await shared_api.submit(userId="filter") for _ in range(3)]
    await shared_api.engine.execute(ids[1])
    for query, expected in [
        ("userId=filter", ids[::-1]),
        ("userId=+filter+", ids[::-1]),
        ("userId=filter&status=confirmed", [ids[1]]),
        ("userId=filter&status=pending", [ids[2], ids[0]]),
        ("userId=filter&status=failed", []),
        ("userId=nobody", []),
        ("userId=filter&limit=200", ids[::-1]),
        ("userId=filter&status=pending&status=failed&status=pending", [ids[2], ids[0]]),
        ("userId=filter&status=confirmed&status=pending", ids[::-1]),
        ("userIdPrefix=filt", ids[::-1]),
        ("userIdPrefix=filters", []),
        ("userId=filter&pair=SOL/USDC", ids[::-1]),
        ("userId=filter&pair=%20SOL%2FUSDC+&since=2026-01-02T03:04:05Z&until=9999-01-01T00:00:00-10:00", ids[::-1]),
        ("userId=filter&pair=USDC/SOL", []),
        ("userId=filter&until=2026-01-02T03:04:05Z", []),
        ("userId=filter&venue=Nowhere", []),
    ]:
        page = (await shared_api.http.get(f"/api/orders?{query}")).json()
        assert [order["orderId"] for order in page["data"]] == expected, query
        assert page["nextCursor"] is None


async def test_an_order_is_found_by_the_clients_own_name(shared_api: Api) -> None:
    order_id = await shared_api.submit(userId="named", clientOrderId="mine-1")
    await shared_api.submit(userId="named", clientOrderId="mine-2")
    for query, expected in (
        ("userId=named&clientOrderId=mine-1", [order_id]),
        ("userId=named&clientOrderId=mine-1&status=failed", []),
        ("userId=other&clientOrderId=mine-1", []),
    ):
        page = (await shared_api.http.get(f"/api/orders?{query}")).json()
        assert [order["orderId"] for order in page["data"]] == expected, query


async def test_orders_are_found_by_their_venue(shared_api: Api) -> None:
    order_id = await shared_api.submit(userId="venue")
    await shared_api.engine.execute(order_id)
    venue = (await shared_api.http.get(f"/api/orders/{order_id}")).json()["chosenDex"]
    page = (await shared_api.http.get(f"/api/orders?userId=venue&venue={venue}")).json()
    assert [order["orderId"] for order in page["data"]] == [order_id]


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("clientOrderId=mine", ["userId"]),
        ("userId=a&clientOrderId=a+b", ["clientOrderId"]),
        ("status=pending,failed", ["status"]),
        ("status=pending&status=", ["status"]),
        ("pair=SOLUSDC&venue=%20&since=yesterday&until=2026-01-02", ["pair", "venue", "since", "until"]),
        ("pair=/USDC", ["pair"]),
        ("userIdPrefix=&colour=red", ["userIdPrefix", "colour"]),
        (f"pair={'a' * 60}/{'b' * 60}", ["pair"]),
    ],
)
async def test_bad_filters_are_named(shared_api: Api, query: str, fields: list[str]) -> None:
    await refused(shared_api, "validation_failed", "GET", f"/api/orders?{query}", fields)


async def test_a_listed_order_is_the_order(shared_api: Api) -> None:
    order_id = await shared_api.submit(userId="listed")
    await shared_api.engine.execute(order_id)
    alone = (await shared_api.http.get(f"/api/orders/{order_id}")).text
    assert (await shared_api.http.get("/api/orders?userId=listed")).text == f'{{"data":[{alone}],"nextCursor":null}}'


async def test_lists_have_fifty_orders_by_default(shared_api: Api) -> None:
    await asyncio.gather(*(shared_api.submit(userId="many") for _ in range(51)))
    page = (await shared_api.http.get("/api/orders?userId=many")).json()
    assert len(page["data"]) == 50
    assert page["nextCursor"]


async def test_the_story_is_told(shared_api: Api) -> None:
    order_id = await shared_api.submit(amount="0.5")
    await shared_api.engine.execute(order_id)
    order = await read(shared_api, order_id)
    frames = exact((await shared_api.http.get(f"/api/orders/{order_id}/events")).text)["data"]
    assert [frame["seq"] for frame in frames] == [0, 1, 2, 3, 4, 5]
    assert [frame["message"] for frame in frames[1:]] == order["logs"]
    assert frames[0] == {
        **{"orderId": order_id, "status": "pending", "message": "Order accepted", "seq": 0},
        **{"timestamp": order["createdAt"], "attempt": 1},
        **{"userId": "user123", "inputToken": "SOL", "outputToken": "USDC", "amount": Decimal("0.5")},
    }


@pytest.mark.parametrize(
    ("after", "first"), [("0", 1), ("3", 4), ("004", 5), ("5", None), ("2147483648", None), ("9" * 5000, None)]
)
async def test_the_story_from_a_seq_on(shared_api: Api, after: str, first: int | None) -> None:
    order_id = await shared_api.submit()
    await shared_api.engine.execute(order_id)
    frames = (await shared_api.http.get(f"/api/orders/{order_id}/events?afterSeq={after}")).json()["data"]
    assert [frame["seq"] for frame in frames] == ([] if first is None else list(range(first, 6)))


async def test_an_order_is_cancelled_once(shared_api: Api) -> None:
    order_id = await shared_api.submit()
    answer = await shared_api.http.post(f"/api/orders/{order_id}/cancel")
    assert answer.status_code == 202
    order = answer.json()
    assert (order["orderId"], order["status"], order["reasonCode"]) == (order_id, "failed", "cancelled")
    assert order["logs"] == ["Order cancelled"]
    assert order["finishedAt"] is not None
    again = await shared_api.http.post(
        f"/api/orders/{order_id}/cancel", content=b"anything", headers={"Content-Type": "x/y"}
    )
    assert (again.status_code, again.json()["code"]) == (409, "order_not_cancellable")
    await shared_api.engine.execute(order_id)
    assert (await read(shared_api, order_id))["status"] == "failed"


async def test_a_finished_order_is_not_cancelled(shared_api: Api) -> None:
    order_id = await shared_api.submit()
    await shared_api.engine.execute(order_id)
    answer = await shared_api.http.post(f"/api/orders/{order_id}/cancel")
    assert (answer.status_code, answer.json()["code"]) == (409, "order_not_cancellable")
    assert "confirmed" in answer.json()["detail"]


async def test_an_id_is_found_in_any_case(shared_api: Api) -> None:
    order_id = await shared_api.submit()
    assert (await read(shared_api, order_id.upper()))["orderId"] == order_id


async def origin_of(api: Api, headers: list[tuple[str, str]]) -> tuple[Origin, str]:
    """Return what is kept of where an order came from, and the id that the answer says."""
    answer = await api.http.post(EXECUTE, json=ORDER, headers=headers)
    order = await api.engine.store.get(answer.json()["orderId"])
    assert order is not None
    return order.origin, answer.headers["X-Request-Id"]


async def test_an_order_keeps_the_request_and_the_trace_that_it_came_by(shared_api: Api) -> None:
    headers = [("X-Request-Id", "mine"), ("traceparent", TRACEPARENT)]
    assert await origin_of(shared_api, headers) == (Origin("mine", TRACEPARENT), "mine")
    origin, answered = await origin_of(shared_api, [])
    assert origin == Origin(answered)


@pytest.mark.parametrize("said", [["nonsense"], ["00-0-0-01"], [TRACEPARENT, TRACEPARENT.replace("b7", "b8")]])
async def test_a_traceparent_that_cannot_be_believed_is_as_good_as_none(shared_api: Api, said: list[str]) -> None:
    origin, answered = await origin_of(shared_api, [("traceparent", text) for text in said])
    assert origin == Origin(answered)
