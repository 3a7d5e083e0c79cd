"""Repeated requests: one order for each key, and for each client order id."""

import asyncio
from typing import Any

import pytest

from tests.api import ORDER, Api

pytestmark = pytest.mark.asyncio(loop_scope="module")

EXECUTE = "/api/orders/execute"


async def test_the_same_key_gives_the_same_order(shared_api: Api) -> None:
    headers = {"Idempotency-Key": "key-1"}
    first = await shared_api.http.post(EXECUTE, json={**ORDER, "userId": "idem"}, headers=headers)
    await shared_api.engine.execute(first.json()["orderId"])
    again = await shared_api.http.post(EXECUTE, json={**ORDER, "userId": " idem ", "amount": "10.0"}, headers=headers)
    assert (again.status_code, again.text) == (202, first.text)
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["Idempotency-Replayed"] == "true"


async def test_a_key_belongs_to_its_user(shared_api: Api) -> None:
    headers = {"Idempotency-Key": "key-2"}
    answers = [await shared_api.http.post(EXECUTE, json={**ORDER, "userId": user}, headers=headers) for user in "ab"]
    assert len({answer.json()["orderId"] for answer in answers}) == 2


async def test_a_key_for_another_order_is_refused(shared_api: Api) -> None:
    headers = {"Idempotency-Key": "!~" * 127 + "k"}
    await shared_api.http.post(EXECUTE, json=ORDER, headers=headers)
    answer = await shared_api.http.post(EXECUTE, json={**ORDER, "amount": 11}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


async def test_a_client_order_id_names_one_order(shared_api: Api) -> None:
    body = {**ORDER, "userId": "client-id", "clientOrderId": "mine"}
    first = await shared_api.http.post(EXECUTE, json=body)
    again = await shared_api.http.post(EXECUTE, json=body)
    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    other = await shared_api.http.post(EXECUTE, json={**body, "amount": 11})
    assert (other.status_code, other.json()["code"]) == (409, "client_order_id_conflict")


async def test_a_refused_order_does_not_use_up_its_key(shared_api: Api) -> None:
    headers = {"Idempotency-Key": "key-3"}
    assert (await shared_api.http.post(EXECUTE, json={**ORDER, "amount": 0}, headers=headers)).status_code == 400
    answer = await shared_api.http.post(EXECUTE, json=ORDER, headers=headers)
    assert answer.status_code == 202
    assert "Idempotency-Replayed" not in answer.headers


async def test_fifty_equal_requests_make_one_order(shared_api: Api) -> None:
    call: dict[str, Any] = {
        "url": EXECUTE,
        "json": {**ORDER, "userId": "fifty"},
        "headers": {"Idempotency-Key": "fifty"},
    }
    answers = await asyncio.gather(*(shared_api.http.post(**call) for _ in range(50)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.text for answer in answers}) == 1
    assert sum("Idempotency-Replayed" not in answer.headers for answer in answers) == 1
    listed = await shared_api.http.get("/api/orders?userId=fifty")
    assert len(listed.json()["data"]) == 1
