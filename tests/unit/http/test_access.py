"""The table of who may do what, on every route of the app; and another's order has the bytes of an unknown one."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from adapters.memory.authenticator import InMemoryAuthenticator
from application.caller import Caller, Scope
from application.ports.authenticator import Grant
from entrypoints.web.app import create_app
from entrypoints.web.drain import Drain
from tests.access import KINDS, OWN, OWNER, SCOPES, TABLE, USERS, Access, Row, routes
from tests.api import CLOCK, Engine, running_api
from tests.builders import an_id, an_order

# Of files one stands for all.
ROUTES = {(method, address): path for method, address, path in routes(create_app(Engine().services(), Drain()))}
OF_ONE_ORDER = [(method, path) for method, path in ROUTES if path.startswith("/api/") and "{order_id}" in path]


@pytest.fixture
async def access() -> AsyncIterator[Access]:
    authenticator = InMemoryAuthenticator(CLOCK)
    engine = Engine(authenticator=authenticator)

    async def credential(kind: str, without: Scope | None) -> str | None:
        if kind in ("none", "malformed", "revoked"):
            return None if kind == "none" else f"a {kind} one"
        text = f"{kind} {without}"
        scopes = SCOPES.get(kind, OWN) - {without}
        ends = CLOCK.now() - timedelta(seconds=1) if kind == "expired" else None
        authenticator.admit(text, Grant(Caller(USERS.get(kind, OWNER), frozenset(scopes), kind), ends))
        return text

    async def order() -> str:
        order = an_order(userId=OWNER)
        await engine.store.add(order)
        return order.order_id

    async with running_api(engine) as api:
        yield Access(api.http, credential, order)


def test_every_route_has_its_row_and_every_row_a_route() -> None:
    assert {(method, address) for method, address in ROUTES if method != "HEAD"} == set(TABLE)
    assert all(len(row.answers) == len(KINDS) for row in TABLE.values())


@pytest.mark.parametrize(("method", "address"), ROUTES)
async def test_who_may_do_what(access: Access, method: str, address: str) -> None:
    row = TABLE["GET" if method == "HEAD" else method, address]
    answers = [await access.answer(kind, method, ROUTES[method, address], row) for kind in KINDS]
    assert dict(zip(KINDS, answers, strict=True)) == dict(zip(KINDS, row.answers, strict=True))


@pytest.mark.parametrize(("method", "path"), OF_ONE_ORDER)
async def test_anothers_order_has_the_bytes_of_an_unknown_one(access: Access, method: str, path: str) -> None:
    row = TABLE["GET" if method == "HEAD" else method, path]
    kind = "admin" if row.scope is Scope.ADMIN else "other user"  # who acts for no user but itself
    headers = {**await access.headers(kind, row), "X-Request-Id": "mine"}
    seen = set()
    for order_id in (await access.order(), an_id(), an_id().upper(), "x" * 36):
        answer = await access.http.request(method, path.replace("{order_id}", order_id), headers=headers)
        body = answer.text.replace(order_id, "-")
        seen.add((answer.status_code, body, tuple(sorted(answer.headers.items()))))
    assert len(seen) == 1
    [(status, body, _)] = seen
    assert (status, method == "HEAD" or json.loads(body)["code"] == "order_not_found") == (404, True)


@pytest.mark.parametrize("kind", ["expired", "other user", "owner", "admin"])
async def test_what_is_nowhere_is_so_for_everyone(access: Access, kind: str) -> None:
    row = Row(TABLE["GET", "/api/me"].answers)
    assert await access.asked(kind, "GET", "/api/none", row) == 404
    assert await access.asked(kind, "DELETE", "/api/orders", row) == 405


async def test_lists_without_a_user_are_of_ones_own(access: Access) -> None:
    await access.order()
    for path in ("/api/orders", "/api/executions"):
        answer = await access.http.get(path, headers=await access.headers("other user", TABLE["GET", path]))
        assert answer.json() == {"data": [], "nextCursor": None}
    mine = await access.http.get("/api/orders", headers=await access.headers("owner", TABLE["GET", "/api/orders"]))
    assert [order["userId"] for order in mine.json()["data"]] == [OWNER]


async def test_keys_and_names_of_anothers_orders_tell_nothing(access: Access) -> None:
    """A repeat is one for its own user alone: to all others an idempotency key and a clientOrderId are new."""
    row = TABLE["POST", "/api/orders/execute"]
    body = {**(row.body or {}), "clientOrderId": "c-1"}
    owner = {**await access.headers("owner", row), "Idempotency-Key": "k-1"}
    other = {**await access.headers("other user", row), "Idempotency-Key": "k-1", "X-Request-Id": "mine"}
    refused = []
    for user in (OWNER, "nobody"):
        answer = await access.http.post("/api/orders/execute", json={**body, "userId": user}, headers=other)
        refused.append((answer.status_code, answer.text, answer.headers.multi_items()))
        assert (await access.http.post("/api/orders/execute", json=body, headers=owner)).status_code == 202
    assert refused[0] == refused[1]
    assert refused[0][0] == 403
    own = await access.http.post("/api/orders/execute", json={**body, "userId": USERS["other user"]}, headers=other)
    assert own.status_code == 202
    assert "Idempotency-Replayed" not in own.headers


async def test_a_cursor_of_anothers_list_shows_ones_own(access: Access) -> None:
    for _ in range(3):
        await access.order()
    row = TABLE["GET", "/api/orders"]
    mine = await access.http.get("/api/orders?limit=1", headers=await access.headers("owner", row))
    cursor = mine.json()["nextCursor"]
    other = await access.http.get(f"/api/orders?cursor={cursor}", headers=await access.headers("other user", row))
    assert other.json().get("data", []) == []


async def test_a_foreign_user_is_refused_last_of_all(access: Access) -> None:
    row = TABLE["POST", "/api/orders/execute"]
    headers = await access.headers("other user", row)
    bad = await access.http.post("/api/orders/execute", json={**(row.body or {}), "amount": 0}, headers=headers)
    assert bad.status_code == 400
    headers["Idempotency-Key"] = "no key"
    assert (await access.http.post("/api/orders/execute", json=row.body, headers=headers)).status_code == 400
