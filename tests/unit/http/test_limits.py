"""What is beyond a limit is refused with 429, a socket with 1013; and each answer says how much is left."""

from collections.abc import Mapping

import pytest
import websockets

from adapters.memory.authenticator import InMemoryAuthenticator
from application.caller import Caller, Scope
from application.limits.limit import By, Limit, Of
from application.ports.authenticator import Grant
from entrypoints.web.limits import RequestLimits, place_of
from tests.api import CLOCK, ORDER, Api, Engine, running_api

POST = "/api/orders/execute"
SCOPES = frozenset(Scope) - {Scope.USERS_ANY, Scope.ADMIN}
CALLERS = {
    "anna": Caller("anna", SCOPES, "key-1"),
    "anna's other key": Caller("anna", SCOPES, "key-2"),
    "bob": Caller("bob", SCOPES, "key-3"),
    "backend": Caller("desk", SCOPES | {Scope.USERS_ANY}, "key-4"),
    "token": Caller("zoë", SCOPES),
}
FEW = Limit(3, 3600, 3)


def engine(limits: Mapping[Of, Mapping[By, Limit]], *, guarded: bool = True) -> Engine:
    authenticator = InMemoryAuthenticator(CLOCK)
    for name, caller in CALLERS.items():
        authenticator.admit(name, Grant(caller))
    return Engine(authenticator=authenticator if guarded else None, limits=RequestLimits(limits))


def bearer(name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {name}"}


async def statuses(api: Api, who: str, count: int, path: str = POST) -> list[int]:
    """Return the answers to so many orders for itself, or calls of another path."""
    user = CALLERS[who].user_id
    answers = []
    for _ in range(count):
        if path == POST:
            answer = await api.http.post(path, json={**ORDER, "userId": user}, headers=bearer(who))
        else:
            answer = await api.http.get(path, headers=bearer(who))
        answers.append(answer.status_code)
    return answers


async def test_a_users_orders_are_counted_over_all_its_keys_and_nobody_elses() -> None:
    async with running_api(engine({Of.ORDERS: {By.USER: FEW}})) as api:
        assert await statuses(api, "anna", 2) == [202, 202]
        assert await statuses(api, "anna's other key", 2) == [202, 429]
        assert await statuses(api, "bob", 1) == [202]
        assert await statuses(api, "anna", 2, "/api/orders") == [200, 200]


async def test_who_acts_for_any_user_has_the_limit_of_its_key() -> None:
    async with running_api(engine({Of.ORDERS: {By.USER: FEW, By.KEY: Limit(5, 3600, 5)}})) as api:
        assert await statuses(api, "backend", 6) == [202] * 5 + [429]
        assert await statuses(api, "token", 4) == [202] * 3 + [429]


async def test_an_addresses_requests_are_counted_whoever_asks() -> None:
    async with running_api(engine({Of.REQUESTS: {By.ADDRESS: FEW}})) as api:
        assert await statuses(api, "anna", 2, "/api/orders") == [200, 200]
        assert await statuses(api, "bob", 2) == [202, 429]


async def test_the_answers_say_how_much_is_left_and_when_to_come_again() -> None:
    limits = {Of.ORDERS: {By.USER: Limit(2, 60, 2)}, Of.REQUESTS: {By.ADDRESS: Limit(100, 1)}}
    async with running_api(engine(limits)) as api:
        taken = await api.http.post(POST, json={**ORDER, "userId": "anna"}, headers=bearer("anna"))
        assert taken.headers["RateLimit-Policy"] == '"requests-address";q=100;w=1, "orders-user";q=2;w=60'
        assert taken.headers["RateLimit"] == '"orders-user";r=1;t=30'
        read = await api.http.get("/api/orders", headers=bearer("anna"))
        assert read.headers["RateLimit-Policy"] == '"requests-address";q=100;w=1'
        await statuses(api, "anna", 1)
        refused = await api.http.post(POST, json={**ORDER, "userId": "anna"}, headers=bearer("anna"))
        assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
        assert refused.json()["detail"] == "Too many orders of this user"
        assert refused.headers["RateLimit"] == '"orders-user";r=0;t=60'
        assert 29 <= int(refused.headers["Retry-After"]) <= 30
        metrics = (await api.operations.get("/metrics")).text
        assert 'order_engine_limited_total{by="user",of="orders"}' in metrics


async def test_429_comes_after_401_404_405_and_before_what_is_wrong_with_the_body() -> None:
    async with running_api(engine({Of.REQUESTS: {By.USER: FEW}})) as api:
        await statuses(api, "anna", 3)
        anna = bearer("anna")
        bad = await api.http.post(POST, content=b"x" * 20_000, headers=anna)
        assert bad.status_code == 429
        assert (await api.http.post(POST, json={}, headers=bearer("nobody"))).status_code == 401
        assert (await api.http.get("/api/none", headers=anna)).status_code == 404
        assert (await api.http.get(POST, headers=anna)).status_code == 405


async def test_health_and_pages_have_no_limit() -> None:
    async with running_api(engine({Of.REQUESTS: {By.ADDRESS: Limit(1, 3600, 1)}})) as api:
        for path in ("/health/live", "/health/ready", "/openapi.json", "/"):
            for _ in range(3):
                answer = await api.http.get(path)
                assert (answer.status_code, answer.headers.get("RateLimit")) == (200, None)


async def test_without_authentication_addresses_alone_are_counted() -> None:
    limits = {Of.ORDERS: {By.USER: Limit(1, 3600, 1), By.KEY: Limit(1, 3600, 1), By.ADDRESS: FEW}}
    async with running_api(engine(limits, guarded=False)) as api:
        answers = [await api.http.post(POST, json=dict(ORDER)) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [202, 202, 202, 429]


async def test_a_refused_order_costs_nothing_of_the_other_limits() -> None:
    limits = {Of.REQUESTS: {By.USER: Limit(5, 3600, 5)}, Of.ORDERS: {By.USER: Limit(1, 3600, 1)}}
    async with running_api(engine(limits)) as api:
        assert await statuses(api, "anna", 6) == [202] + [429] * 5
        assert await statuses(api, "anna", 5, "/api/orders") == [200] * 4 + [429]


async def closed_with(api: Api, who: str) -> tuple[int | None, str | None] | None:
    """Open a feed; return how it was closed, None if it is open."""
    socket = await api.connect_feed(f"?userId={CALLERS[who].user_id}", additional_headers=bearer(who))
    try:
        pong = await socket.ping()
        await pong
    except websockets.ConnectionClosed:
        return socket.close_code, socket.close_reason
    opened.append(socket)
    return None


opened: list[websockets.ClientConnection] = []


async def test_a_clients_sockets_beyond_its_limit_are_closed_and_one_that_closes_makes_room() -> None:
    opened.clear()
    async with running_api(engine({Of.SOCKETS: {By.USER: Limit(2)}})) as api:
        assert [await closed_with(api, who) for who in ("anna", "anna's other key")] == [None, None]
        assert await closed_with(api, "anna") == (1013, "too many connections")
        assert await closed_with(api, "bob") is None
        await opened.pop(0).close()
        assert await closed_with(api, "anna") is None


async def test_opening_sockets_is_a_request_each() -> None:
    opened.clear()
    async with running_api(engine({Of.REQUESTS: {By.USER: Limit(2, 3600, 2)}})) as api:
        assert [await closed_with(api, "anna") for _ in range(3)] == [None, None, (1013, "rate_limited")]


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:0db8:0001:0002::/64"),
        ("2001:db8:1:2::1", "2001:0db8:0001:0002::/64"),
        ("fe80::1%eth0", "fe80:0000:0000:0000::/64"),
        ("", ""),
        ("no:address", "no:address"),
    ],
)
def test_an_ipv6_clients_whole_network_is_one_place(address: str, place: str) -> None:
    assert place_of(address) == place
