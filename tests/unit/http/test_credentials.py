"""Who asks: each call needs a credential but the pages and health, and answers say nothing of why one is not good."""

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from adapters.memory.authenticator import InMemoryAuthenticator
from adapters.memory.order_store import InMemoryOrderStore
from application.caller import Caller, Scope
from application.ports.authenticator import Grant
from application.ports.errors import StoreUnavailable
from tests.api import CLOCK, ORDER, Api, Engine, running_api
from tests.builders import an_id
from tests.described import operations

ANNA = Caller("anna", frozenset(Scope) - {Scope.USERS_ANY, Scope.ADMIN}, "key-1")
EXECUTE = "/api/orders/execute"
FOR_EVERYONE = {
    *("/", "/orders/{orderId}", "/console/{file}", "/docs", "/docs/websockets", "/docs/assets/{file}"),
    *("/openapi.json", "/asyncapi.json", "/health/live", "/health/ready"),
}


class AuthenticatorAway(InMemoryAuthenticator):
    async def authenticate(self, credential: str, address: str) -> Grant:
        raise StoreUnavailable


def an_authenticator() -> InMemoryAuthenticator:
    authenticator = InMemoryAuthenticator(CLOCK)
    authenticator.admit("good", Grant(ANNA))
    authenticator.admit("old", Grant(ANNA, CLOCK.now() - timedelta(seconds=1)))
    return authenticator


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    async with running_api(Engine(authenticator=an_authenticator())) as running:
        yield running


def bearer(credential: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {credential}"}


@pytest.mark.parametrize(("method", "path"), [(method, path) for method, path, _ in operations()])
async def test_only_what_is_for_everyone_is_served_without_a_credential(api: Api, method: str, path: str) -> None:
    address = path.replace("{orderId}", an_id()).replace("{file}", "none")
    for called in (method, *(["head"] if method == "get" else [])):
        answer = await api.http.request(called, address)
        assert (answer.status_code == 401) == (path not in FOR_EVERYONE)


@pytest.mark.parametrize(
    "value",
    ["Bearer", "Bearer x", "Bearer old", "Bearer good x", "Bearer goo", "Bearer good,", 'Bearer "good"'],
)
async def test_a_bad_credential_is_answered_the_same_whatever_is_wrong_with_it(api: Api, value: str) -> None:
    headers = {"Authorization": value, "X-Request-Id": "mine"}
    answer = await api.http.get("/api/orders", headers=headers)
    none = await api.http.get("/api/orders", headers={"X-Request-Id": "mine"})
    assert (answer.status_code, answer.content) == (401, none.content)
    assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    assert none.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("value", ["Basic Z29vZA==", "good", "", "Digest good", "Bearergood", "Token good"])
async def test_what_is_no_bearers_credential_counts_as_none(api: Api, value: str) -> None:
    answer = await api.http.get("/api/orders", headers={"Authorization": value})
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize("value", ["Bearer good", "bearer good", "BEARER   good"])
async def test_a_good_one_is_taken_however_its_scheme_is_written(api: Api, value: str) -> None:
    assert (await api.http.get("/api/orders", headers={"Authorization": value})).status_code == 200


async def test_two_that_differ_are_none(api: Api) -> None:
    two = [("Authorization", "Bearer good"), ("Authorization", "Bearer other")]
    assert (await api.http.get("/api/orders", headers=two)).status_code == 401
    assert (await api.http.get("/api/orders", headers=[two[0], two[0]])).status_code == 200


@pytest.mark.parametrize("place", ["?access_token=good", "?token=good", "?authorization=Bearer%20good", "?key=good"])
async def test_a_credential_is_never_taken_from_the_url(api: Api, place: str) -> None:
    assert (await api.http.get(f"/api/orders{place}")).status_code == 401


async def test_what_is_checked_first(api: Api) -> None:
    async def answer(headers: dict[str, str], **call: object) -> tuple[int, str]:
        got = await api.http.post(call.pop("path", EXECUTE), headers=headers, **call)  # type: ignore[arg-type]
        return got.status_code, got.json()["code"]

    foreign = {**ORDER, "userId": "bert"}
    assert await answer({}, path="/api/none") == (404, "not_found")
    assert (await api.http.get(EXECUTE)).status_code == 405
    assert (await api.http.delete(EXECUTE, headers=bearer("x"))).status_code == 405
    assert await answer({}, content=b" " * 20_000) == (401, "unauthenticated")
    assert await answer({}, content=b"{") == (401, "unauthenticated")
    assert await answer(bearer("good"), content=b" " * 20_000) == (413, "payload_too_large")
    assert await answer(bearer("good"), content=b"{}") == (415, "unsupported_media_type")
    assert await answer(bearer("good"), json={**foreign, "amount": 0}) == (400, "validation_failed")
    assert await answer(bearer("good"), json=foreign) == (403, "forbidden")
    assert await api.engine.stored() == 0


async def test_who_asks_decides_what_is_seen(api: Api) -> None:
    api.http.headers.update(bearer("good"))
    mine = await api.submit(userId="anna")
    assert (await api.http.get(f"/api/orders/{mine}")).status_code == 200
    assert (await api.http.get("/api/orders?userId=bert")).status_code == 403


async def test_options_needs_no_credential_and_changes_nothing(api: Api) -> None:
    answer = await api.http.options(EXECUTE)
    assert (answer.status_code, answer.content) == (200, b"")


async def test_when_nobody_can_tell_who_asks_it_is_a_503_and_never_a_401() -> None:
    async with running_api(Engine(store=InMemoryOrderStore(CLOCK), authenticator=AuthenticatorAway(CLOCK))) as api:
        answer: httpx.Response = await api.http.post(EXECUTE, json=ORDER, headers=bearer("good"))
    assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
    assert answer.json()["accepted"] is False
