"""Decimals as JSON strings, by HTTP and on sockets: the same digits, and nothing else changes."""

import json
from typing import Any
from urllib.parse import quote

import pytest

from domain.money import plain
from entrypoints.web.decimals import FIELDS
from tests.api import Api, rest_of
from tests.csv_pages import of_csv

pytestmark = pytest.mark.asyncio(loop_scope="module")

STRINGS = {"Accept": "application/json; decimals=string"}
AMOUNT = "1234567890.12345678"  # 18 digits: a binary float has 17 at most


async def executed(api: Api, **over: object) -> str:
    order_id = await api.submit(amount=AMOUNT, **over)
    await api.engine.execute(order_id)
    return order_id


def turned(text: str) -> Any:
    """Return an answer as it should be with strings: read, and written anew field by field."""
    return _turned(None, json.loads(text, parse_float=str, parse_int=_Integer))


class _Integer(str):
    """An integer as it was written."""


def _turned(name: str | None, value: Any) -> Any:
    if isinstance(value, dict):
        return {inner: _turned(inner, of) for inner, of in value.items()}
    if isinstance(value, list):
        return [_turned(None, of) for of in value]
    return int(value) if isinstance(value, _Integer) and name not in FIELDS else value


async def test_every_answer_that_has_decimals(shared_api: Api) -> None:
    user = 'all "amount":1'
    order_id = await executed(shared_api, userId=user)
    of_user = f"?userId={quote(user)}"
    for path in (f"/api/orders/{order_id}", f"/api/orders/{order_id}/events", f"/api/orders{of_user}",
                 f"/api/executions{of_user}"):  # fmt: skip
        numbers = await shared_api.http.get(path)
        strings = await shared_api.http.get(path, headers=STRINGS)
        assert strings.json() == turned(numbers.text)
        assert f'"{AMOUNT}"' in strings.text
        assert f'"{AMOUNT}"' not in numbers.text
        assert strings.headers["Content-Type"] == numbers.headers["Content-Type"] == "application/json"
        assert strings.headers["Vary"] == numbers.headers["Vary"] == "Accept"
        head = await shared_api.http.head(path, headers=STRINGS)
        assert head.headers["Content-Length"] == str(len(strings.content))


async def test_a_cancelled_order_too(shared_api: Api) -> None:
    order_id = await shared_api.submit(amount=AMOUNT)
    answer = await shared_api.http.post(f"/api/orders/{order_id}/cancel", headers=STRINGS)
    assert (answer.status_code, answer.json()["amount"]) == (202, AMOUNT)


async def test_csv_is_as_it_is(shared_api: Api) -> None:
    await executed(shared_api, userId="csv")
    accept = {"Accept": "text/csv, application/json;decimals=string;q=0.5"}
    answer = await shared_api.http.get("/api/executions?userId=csv", headers=accept)
    assert plain(of_csv(answer.text)[0]["amountIn"]) == AMOUNT


@pytest.mark.parametrize(
    ("accept", "strings"),
    [
        ("application/json; decimals=string", True), ('application/json;DECIMALS="string"', True),
        ("Application/JSON;charset=utf-8;decimals=String", True), ("text/html, application/json;decimals=string", True),
        ("application/json;decimals=string, */*;q=0.1", True), ("application/json;decimals=string;q=0.5", True),
        ("application/json", False), ("*/*", False), ("", False), ("decimals=string", False),
        ("application/json;decimals=number", False), ("application/json;decimals=strings", False),
        ("text/plain;decimals=string", False), ("application/json;decimals=string;q=0.0", False),
        (";;,=,decimals", False),
    ],
)  # fmt: skip
async def test_who_gets_strings(shared_api: Api, accept: str, strings: bool) -> None:
    order_id = await shared_api.submit(amount=AMOUNT)
    answer = await shared_api.http.get(f"/api/orders/{order_id}", headers={"Accept": accept})
    assert (f'"{AMOUNT}"' in answer.text) is strings


async def test_the_sockets(shared_api: Api) -> None:
    async with shared_api.connect_feed("?decimals=string&userId=feed") as feed:
        order_id = await executed(shared_api, userId="feed")
        live = [await feed.recv(decode=True) for _ in range(6)]
    frames, code = await shared_api.watch(order_id, "?decimals=string")
    numbers, _ = await shared_api.watch(order_id)
    assert (live, code) == (frames, 1000)
    assert [json.loads(frame) for frame in frames] == [turned(frame) for frame in numbers]
    assert json.loads(frames[0])["amount"] == AMOUNT
    async with shared_api.connect(order_id, "?decimals=string&afterSeq=4") as socket:
        assert await rest_of(socket) == (frames[5:], 1000)
