"""Executions over HTTP: exact in JSON and in CSV, page by page."""

import csv
import io
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from application.frames import timestamp
from domain.order import Order
from tests.api import Api, exact
from tests.builders import QUOTES, a_chain_fill, an_order
from tests.contracts.order_store_harness import landed_on_chain
from tests.csv_pages import of_csv
from tests.unit.http.refusal import refused

pytestmark = pytest.mark.asyncio(loop_scope="module")

EXECUTIONS = "/api/executions"
CSV = {"Accept": "text/csv"}


async def landed(api: Api, **over: object) -> str:
    order_id = await api.submit(**over)
    await api.engine.execute(order_id)
    return order_id


async def landed_cheaply(api: Api) -> Order:
    """Have a cheap token's swap land on a chain; return the order."""
    order = an_order(userId="on-chain")
    await api.engine.store.add(order)
    record = landed_on_chain(order, a_chain_fill("0.000000001234567890123456789"), tx_hash="5K/x?")
    await api.engine.store.append(record)
    return record.after


async def listed(api: Api, **query: Any) -> dict[str, Any]:
    answer = await api.http.get(EXECUTIONS, params=query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    page: dict[str, Any] = exact(answer.text)
    return page


async def test_an_execution_is_shown_whole(shared_api: Api) -> None:
    order_id = await landed(shared_api, userId="whole", amount="1234567.12345678")
    order = exact((await shared_api.http.get(f"/api/orders/{order_id}")).text)
    page = await listed(shared_api, userId="whole")
    [execution] = page["data"]
    assert page["nextCursor"] is None
    amount, price = Decimal("1234567.12345678"), execution["price"]
    [quote] = [quote for quote in order["quotes"] if quote["chosen"]]
    assert execution == {
        **{"orderId": order_id, "userId": "whole", "inputToken": "SOL", "outputToken": "USDC"},
        **{"venue": order["chosenDex"], "chain": None, "txHash": order["txHash"], "amountIn": amount},
        **{"amountOut": amount * price * (1 - quote["fee"]), "venueFee": amount * price * quote["fee"]},
        **{"networkFee": None, "networkFeeAsset": None, "quotedPrice": quote["price"], "price": price},
        **{"priceImpact": None, "executedAt": order["finishedAt"]},
        **dict.fromkeys(("slot", "priorityFee", "finality", "explorerUrl")),
    }
    assert "execution" not in order
    assert round(price, 8) == order["executionPrice"]


async def test_what_landed_on_a_chain_is_shown_with_its_order(shared_api: Api) -> None:
    order = await landed_cheaply(shared_api)
    text = (await shared_api.http.get(f"/api/orders/{order.order_id}")).text
    execution = exact(text)["execution"]
    assert execution == {
        **{"orderId": order.order_id, "userId": "on-chain", "inputToken": "SOL", "outputToken": "USDC"},
        **{"venue": "Meteora", "chain": "solana", "txHash": "5K/x?", "amountIn": 10, "venueFee": 0},
        **{"amountOut": Decimal("0.000000001234567890123456789"), "price": Decimal("0.0000000001234567890123456789")},
        **{"networkFee": Decimal("0.000105"), "networkFeeAsset": "SOL", "priorityFee": Decimal("0.0001")},
        **{"quotedPrice": QUOTES[1].price, "priceImpact": None, "executedAt": timestamp(order.updated_at)},
        **{"slot": 250_000_000, "finality": "confirmed"},
        "explorerUrl": "https://explorer.solana.com/tx/5K%2Fx%3F",
    }
    assert exact(text)["executionPrice"] == Decimal("0.00000001")
    assert (await listed(shared_api, userId="on-chain"))["data"] == [execution]
    answer = await shared_api.http.get(EXECUTIONS, params={"userId": "on-chain"}, headers=CSV)
    assert of_csv(answer.text) == [execution]


async def test_an_order_that_is_not_confirmed_has_none(shared_api: Api) -> None:
    await shared_api.submit(userId="waiting")
    assert await listed(shared_api, userId="waiting") == {"data": [], "nextCursor": None}


@pytest.mark.parametrize("form", [{}, CSV], ids=["json", "csv"])
async def test_links_lead_through_all_pages(shared_api: Api, form: Mapping[str, str]) -> None:
    user = f"päges & {len(form)}"
    oldest_first = [await landed(shared_api, userId=user) for _ in range(5)]
    found, address = [], str(shared_api.http.build_request("GET", EXECUTIONS, params={"userId": user, "limit": 2}).url)
    while True:
        answer = await shared_api.http.get(address, headers=form)
        page = of_csv(answer.text) if form else answer.json()["data"]
        assert len(page) <= 2
        found += [execution["orderId"] for execution in page]
        if "next" not in answer.links:
            break
        address = answer.links["next"]["url"]
        assert address.startswith("/api/executions?userId=p%C3%A4ges%20%26%20")
    assert found == oldest_first[::-1]


async def test_the_cursor_of_the_body_is_that_of_the_link(shared_api: Api) -> None:
    for _ in range(2):
        await landed(shared_api, userId="cursor")
    page = await listed(shared_api, userId="cursor", limit=1)
    rest = await listed(shared_api, userId="cursor", limit=1, cursor=page["nextCursor"])
    assert rest["nextCursor"] is None
    assert rest["data"] != page["data"]
    query = {"userId": "else", "cursor": page["nextCursor"]}
    await refused(shared_api, "validation_failed", "GET", EXECUTIONS, ["cursor"], params=query)


@pytest.mark.parametrize("user", ["plain", "=cmd()", "+1", "-1", "@x", "\uff1dwide", "'=x", "''", 'a,"b";c', "é"])
async def test_csv_read_back_is_the_json(shared_api: Api, user: str) -> None:
    for amount in ("0.00000001", "9999999999.99999999"):
        await landed(shared_api, userId=user, inputToken="=1+1", amount=amount)
    answer = await shared_api.http.get(EXECUTIONS, params={"userId": user}, headers=CSV)
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="executions.csv"'
    page = await listed(shared_api, userId=user)
    assert of_csv(answer.text) == page["data"]
    assert answer.text.partition("\r\n")[0] == ",".join(page["data"][0])
    for row in csv.reader(io.StringIO(answer.text)):
        assert not [cell for cell in row if cell.startswith(("=", "+", "-", "@", "\uff1d"))]


async def test_an_empty_page_in_csv_is_the_header_line(shared_api: Api) -> None:
    answer = await shared_api.http.get(EXECUTIONS, params={"userId": "nobody"}, headers=CSV)
    assert answer.text.count("\r\n") == 1
    assert answer.text.startswith("orderId,userId,")


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("*/*", "application/json"), ("text/csv", "text/csv"), ("text/csv;charset=utf-8", "text/csv"),
        ("text/*", "text/csv"), ("application/json, text/csv", "application/json"),
        ("text/csv, */*;q=0.1", "text/csv"), ("application/json;q=0.4, text/csv;q=0.5", "text/csv"),
        ("text/csv;q=0.4, application/json;q=0.5", "application/json"), ("text/csv;q=0, */*", "application/json"),
        ("image/png", "application/json"), ("", "application/json"), ("nonsense", "application/json"),
        ("text/csv;q=x", "application/json"),
    ],
)  # fmt: skip
async def test_the_form_is_what_the_client_would_rather_have(shared_api: Api, accept: str, kind: str) -> None:
    for method in ("GET", "HEAD"):
        answer = await shared_api.http.request(
            method, EXECUTIONS, params={"userId": "nobody"}, headers={"Accept": accept}
        )
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].partition(";")[0] == kind
        assert answer.headers["Vary"] == "Accept"
        assert ("Content-Disposition" in answer.headers) == (kind == "text/csv")


async def test_a_range_of_time(shared_api: Api) -> None:
    for _ in range(2):
        await landed(shared_api, userId="range")
    at = datetime.fromisoformat((await listed(shared_api, userId="range"))["data"][0]["executedAt"])
    later, elsewhere = at + timedelta(milliseconds=1), at.isoformat().replace("+00:00", "-00:00")

    async def many(**query: str) -> int:
        return len((await listed(shared_api, userId="range", **query))["data"])

    all_before = await many(until=at.isoformat())
    assert await many(since=at.isoformat()) == await many(since=elsewhere) == 2 - all_before > 0
    assert await many(since=later.isoformat()) == 0
    assert await many(until=later.isoformat()) == 2
    assert await many(since="2026-01-02t03:04:05.123456789z", until="9998-12-31T23:59:59-00:30") == 2


@pytest.mark.parametrize(
    "time",
    [
        "2026-01-02", "2026-01-02T03:04:05", "2026-01-02T03:04Z", "2026-01-02 03:04:05Z", "20260102T030405Z", "1767322",
        "2026-02-30T00:00:00Z", "2026-01-02T24:01:00Z", "2026-01-02T03:04:05+25:00", "2026-01-02T03:04:05,5Z",
        "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-01-02T03:04:05 02:00", "now", "\u0661",
    ],
)  # fmt: skip
async def test_what_is_no_time_with_a_zone_is_refused(shared_api: Api, time: str) -> None:
    query = {"since": time, "until": time}
    await refused(shared_api, "validation_failed", "GET", EXECUTIONS, ["since", "until"], params=query)


async def test_every_bad_parameter_is_named_unknown_ones_too(shared_api: Api) -> None:
    query = "userId=&since=&until=x&limit=201&cursor=x&status=confirmed&user_id=a&limits=1"
    fields = ["userId", "since", "until", "limit", "status", "user_id", "limits"]
    await refused(shared_api, "validation_failed", "GET", f"{EXECUTIONS}?{query}", fields, headers=CSV)
    await refused(shared_api, "validation_failed", "GET", f"{EXECUTIONS}?limit=1&limit=2", ["limit"])
    assert (await shared_api.http.head(f"{EXECUTIONS}?{query}")).status_code == 400


async def test_an_answer_says_little_of_unknown_parameters(shared_api: Api) -> None:
    query = "&".join(f"p{n}=1" for n in range(1500))
    answer = await shared_api.http.get(f"{EXECUTIONS}?limit=x&{query}")
    told = {error["field"]: error["message"] for error in answer.json()["errors"]}
    assert (told["limit"], told["query"]) == (
        "must be an integer from 1 to 200",
        "and 1492 more: is not a parameter here",
    )
    assert len(answer.content) < 4_000
