"""Webhooks over HTTP: made, changed, tested and replayed by who may, and seen by nobody else."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from adapters.memory.authenticator import InMemoryAuthenticator
from adapters.memory.order_store import InMemoryOrderStore
from application.caller import Caller, Scope
from application.manage_webhooks import ENDPOINTS_MOST
from application.ports.authenticator import Grant
from application.ports.webhooks import Answer, Attempt, Settlement
from domain.webhook import EVENTS, WebhookEndpoint
from tests.api import CLOCK, Api, Engine, running_api
from tests.builders import START, an_id
from tests.eventually import eventually
from tests.unit.http.refusal import refused
from tests.webhooks import ToldReceivers, managed

WEBHOOKS = "/api/webhooks"
URL = "https://hooks.example.com/orders?x=1"


async def made(api: Api, **over: object) -> dict[str, Any]:
    answer = await api.http.post(WEBHOOKS, json={"url": URL, "userId": "user123", **over})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    assert answer.headers["Location"] == f"{WEBHOOKS}/{found['webhookId']}"
    return found


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    async with running_api() as api:
        yield api


async def test_its_secret_is_shown_once(api: Api) -> None:
    webhook = await made(api)
    secret = webhook.pop("secret")
    assert secret.startswith("whsec_")
    assert webhook["events"] == list(EVENTS)
    one = f"{WEBHOOKS}/{webhook['webhookId']}"
    assert (await api.http.get(one)).json() == webhook
    assert (await api.http.get(WEBHOOKS)).json() == {"data": [webhook], "nextCursor": None}
    assert (await api.http.patch(one, json={})).json() == webhook
    rotated = (await api.http.post(f"{one}/rotate-secret")).json()
    assert rotated.pop("secret") != secret
    assert rotated.pop("previousUntil")
    assert rotated == webhook


async def test_what_is_absent_stays_as_it_is(api: Api) -> None:
    webhook = await made(api, events=["order.failed", "order.confirmed", "order.failed"])
    one = f"{WEBHOOKS}/{webhook['webhookId']}"
    assert webhook["events"] == ["order.confirmed", "order.failed"]
    off = (await api.http.patch(one, json={"enabled": False, "url": None})).json()
    assert (off["enabled"], off["disabledWhy"], off["url"]) == (False, "user", URL)
    on = (await api.http.patch(one, json={"enabled": True, "events": ["order.failed"]})).json()
    assert (on["enabled"], on["disabledAt"], on["events"]) == (True, None, ["order.failed"])
    assert (await api.http.delete(one)).status_code == 204
    assert (await api.http.get(one)).status_code == 404


@pytest.mark.parametrize(
    "url",
    [
        *("http://hooks.example.com/", "ftp://x.example/", "https:///x", "https://", "x", "", "//x.example", 1),
        *("https://user:pw@x.example/", "https://x.example/#a", "https://x.example/ a", "https://ü.example/"),
        *("https://x.example:0/", "https://x.example:99999/", "https://[::1", "https://x\\@y.example/", "https://a/\n"),
        "https://x.example/" + "a" * 2048,
    ],
)
async def test_an_address_that_breaks_the_rules_is_refused_by_name(api: Api, url: object) -> None:
    await refused(api, "validation_failed", "POST", WEBHOOKS, ["url"], json={"url": url, "userId": "user123"})


async def test_every_bad_field_is_named(api: Api) -> None:
    for fields, path, body in (
        (["url", "events", "userId", "enabled"], WEBHOOKS, {"events": [], "userId": "", "enabled": True}),
        (["userId"], WEBHOOKS, {"url": URL}),
        (["x"], f"{WEBHOOKS}?x=1", {"url": URL, "userId": "u"}),
    ):
        await refused(api, "validation_failed", "POST", path, fields, json=body)


async def test_a_user_has_so_many_at_most(api: Api) -> None:
    for _ in range(ENDPOINTS_MOST):
        await made(api)
    await refused(api, "too_many_webhooks", "POST", WEBHOOKS, json={"url": URL, "userId": "user123"})
    await made(api, userId="another")


@pytest.mark.parametrize(
    ("answer", "delivered"), [(Answer(204), True), (Answer(302), False), (Answer(error="timeout"), False)]
)
async def test_a_test_says_what_came_back(answer: Answer, delivered: bool) -> None:
    receivers = ToldReceivers(answer)
    store = InMemoryOrderStore(CLOCK)
    async with running_api(Engine(store=store, webhooks=managed(store, CLOCK, receivers))) as api:
        webhook = await made(api)
        said = (await api.http.post(f"{WEBHOOKS}/{webhook['webhookId']}/test")).json()
        assert (said["delivered"], said["status"], said["error"]) == (delivered, answer.status, answer.error)
        [body] = receivers.bodies
        assert json.loads(body)["type"] == said["event"] == "webhook.test"


class WaitingReceivers(ToldReceivers):
    def __init__(self) -> None:
        super().__init__()
        self.answers = asyncio.Event()

    async def send_signed(self, endpoint: WebhookEndpoint, message_id: str, body: str) -> Answer:
        await self.answers.wait()
        return await super().send_signed(endpoint, message_id, body)


async def test_tests_that_nobody_answers_are_few() -> None:
    receivers = WaitingReceivers()
    engine = Engine(webhooks=managed(store := InMemoryOrderStore(CLOCK), CLOCK, receivers), store=store)
    async with running_api(engine) as api:
        path = f"{WEBHOOKS}/{(await made(api))['webhookId']}/test"
        waiting = [asyncio.create_task(api.http.post(path)) for _ in range(5)]
        await eventually(lambda: sum(task.done() for task in waiting) == 3)
        receivers.answers.set()
        assert sorted([(await task).status_code for task in waiting]) == [200] * 2 + [503] * 3
        assert (await api.http.post(path)).status_code == 200


async def test_orders_are_replayed_and_attempts_are_listed_page_by_page(api: Api) -> None:
    webhook = await made(api)
    one = f"{WEBHOOKS}/{webhook['webhookId']}"
    for _ in range(3):
        await api.submit()
    replay = await api.http.post(f"{one}/replay", json={"since": "2026-01-01T00:00:00+01:00"})
    assert (replay.status_code, replay.json()) == (202, {"orders": 3, "nextSince": None})
    past = {"since": "2026-01-01T00:00:00Z", "until": "2026-01-02T00:00:00Z"}
    assert (await api.http.post(f"{one}/replay", json=past)).json()["orders"] == 0
    assert api.engine.webhooks
    [batch] = await api.engine.webhooks.outbox.take(1, 1, 60)
    attempts = [Attempt(an_id(), n, "order.pending", START + timedelta(seconds=n), 0.0451, 500) for n in range(3)]
    await api.engine.webhooks.outbox.settle(batch, Settlement((), attempts))
    first = (await api.http.get(f"{one}/deliveries?limit=2")).json()
    rest = (await api.http.get(f"{one}/deliveries", params={"cursor": first["nextCursor"]})).json()
    assert [each["seq"] for each in (*first["data"], *rest["data"])] == [2, 1, 0]
    assert rest["nextCursor"] is None
    assert first["data"][0] == {
        **{"orderId": attempts[2].order_id, "seq": 2, "event": "order.pending", "delivered": False, "status": 500},
        **{"error": None, "durationMs": 45, "at": "2026-01-02T03:04:07.678Z"},
    }
    await api.http.patch(one, json={"enabled": False})
    await refused(api, "webhook_disabled", "POST", f"{one}/replay", json=past)


async def test_anothers_webhook_has_the_bytes_of_an_unknown_one() -> None:
    authenticator = InMemoryAuthenticator(CLOCK)
    for user in ("anna", "bert"):
        authenticator.admit(user, Grant(Caller(user, frozenset({Scope.WEBHOOKS}), user)))
    async with running_api(Engine(authenticator=authenticator)) as api:

        async def ask(method: str, path: str, user: str, body: object = None) -> httpx.Response:
            headers = {"Authorization": f"Bearer {user}", "X-Request-Id": "mine"}
            return await api.http.request(method, path, headers=headers, json=body)

        webhook = (await ask("POST", WEBHOOKS, "anna", {"url": URL})).json()
        assert webhook["userId"] == "anna"
        assert (await ask("GET", WEBHOOKS, "bert")).json()["data"] == []
        for method, tail, body in (
            *(("GET", "", None), ("PATCH", "", {}), ("DELETE", "", None), ("GET", "/deliveries", None)),
            *(("POST", "/rotate-secret", None), ("POST", "/test", None)),
            ("POST", "/replay", {"since": "2026-01-01T00:00:00Z"}),
        ):
            seen = set()
            for webhook_id in (webhook["webhookId"], an_id(), "x" * 36):
                answer = await ask(method, f"{WEBHOOKS}/{webhook_id}{tail}", "bert", body)
                seen.add((answer.status_code, answer.text.replace(webhook_id, "-")))
            [(status, text)] = seen
            assert (status, json.loads(text)["code"]) == (404, "webhook_not_found")
        assert len((await ask("GET", WEBHOOKS, "anna")).json()["data"]) == 1
