"""Who may open a socket, and for how long: by header or ticket and nothing else; another's is an unknown one."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta

import httpx
import pytest
import websockets
from attrs import evolve

from adapters.memory.authenticator import InMemoryAuthenticator
from application.caller import Caller, Scope
from application.ports.authenticator import Grant
from application.ports.errors import StoreUnavailable
from entrypoints.web.ws.guard import LOOK_SECONDS
from tests.api import CLOCK, Api, Engine, rest_of, running_api
from tests.builders import an_id, an_order
from tests.clock import ManualClock
from tests.eventually import eventually

OWN = frozenset({Scope.ORDERS_READ, Scope.ORDERS_WRITE, Scope.ORDERS_CANCEL})
ANNA, BERT = Caller("anna", OWN, "key-a"), Caller("bert", OWN, "key-b")
GRANTS = {
    "anna": Grant(ANNA),
    "bert": Grant(BERT),
    "backend": Grant(Caller("backend", OWN | {Scope.USERS_ANY}, "key-c")),
    "admin": Grant(Caller("root", frozenset({Scope.ADMIN}), "key-d")),
    "no reader": Grant(evolve(ANNA, scopes=OWN - {Scope.ORDERS_READ}, key_id="key-e")),
    "old": Grant(ANNA, CLOCK.now() - timedelta(seconds=1)),
}
Heard = tuple[list[str], int | None, str | None]
UNKNOWN: Heard = ([], 4404, "order_not_found")
STRANGER: Heard = ([], 4401, "unauthenticated")
TICKETS = "/api/ws-tickets"


class Authenticator(InMemoryAuthenticator):
    """Counts what it is asked; is `away` when a test says so."""

    away = False
    rechecks = 0

    async def authenticate(self, credential: str, address: str) -> Grant:
        if self.away:
            raise StoreUnavailable
        return await super().authenticate(credential, address)

    async def recheck(self, grant: Grant, address: str) -> None:
        self.rechecks += 1
        if self.away:
            raise StoreUnavailable
        await super().recheck(grant, address)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def authenticator() -> Authenticator:
    authenticator = Authenticator(CLOCK)
    for credential, grant in GRANTS.items():
        authenticator.admit(credential, grant)
    return authenticator


@pytest.fixture
async def api(authenticator: Authenticator) -> AsyncIterator[Api]:
    async with running_api(Engine(authenticator=authenticator)) as api:
        yield api


def bearer(credential: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {credential}"}


async def heard(connecting: websockets.connect) -> Heard:
    """Return all frames until the server closes, its close code and why."""
    async with asyncio.timeout(10), connecting as socket:
        frames, code = await rest_of(socket)
        return frames, code, socket.close_reason


async def ticket(api: Api, credential: str, target: str, **headers: str) -> str:
    answer = await api.http.post(TICKETS, json={"target": target}, headers={**bearer(credential), **headers})
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    text: str = answer.json()["ticket"]
    return text


async def an_order_of(api: Api, user_id: str) -> str:
    order = an_order(userId=user_id)
    await api.engine.store.add(order)
    await api.engine.execute(order.order_id)
    return order.order_id


async def test_a_header_opens_ones_own_order_to_its_end(api: Api) -> None:
    order_id = await an_order_of(api, "anna")
    for credential in ("anna", "backend"):
        frames, code, _ = await heard(api.connect(order_id, additional_headers=bearer(credential)))
        assert (len(frames), code) == (6, 1000)


async def test_anothers_order_is_an_unknown_one(api: Api) -> None:
    others = await an_order_of(api, "anna")
    for order_id in (others, an_id(), "no-uuid"):
        assert await heard(api.connect(order_id, additional_headers=bearer("bert"))) == UNKNOWN
        opened = await ticket(api, "bert", f"/ws/orders/{order_id}")
        assert await heard(api.connect(order_id, f"?ticket={opened}")) == UNKNOWN


@pytest.mark.parametrize("credential", ["admin", "no reader"])
async def test_without_the_scope_no_socket_shows_anything(api: Api, credential: str) -> None:
    order_id = await an_order_of(api, "anna")
    for connecting in (api.connect(order_id, additional_headers=bearer(credential)),
                       api.connect(an_id(), additional_headers=bearer(credential)),
                       api.connect_feed(additional_headers=bearer(credential))):  # fmt: skip
        assert await heard(connecting) == ([], 4404, "forbidden")
    answer = await api.http.post(TICKETS, json={"target": "/ws/orders"}, headers=bearer(credential))
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ("", {}),
        ("", bearer("nobody")),
        ("", bearer("old")),
        ("", {"Authorization": "Basic YW5uYQ=="}),
        ("", {"Sec-WebSocket-Protocol": "bearer, anna"}),
        ("", {"Cookie": "token=anna"}),
        *((f"?{name}=anna", {}) for name in ("access_token", "token", "key", "api_key", "authorization", "ticket")),
        ("?ticket=", {}),
        ("?ticket=a&ticket=b", {}),
        ("?ticket=%00%ff", {}),
        ("?afterSeq=x", {}),
    ],
)
async def test_nothing_else_opens_one(api: Api, query: str, headers: dict[str, str]) -> None:
    order_id = await an_order_of(api, "anna")
    for connecting in (api.connect(order_id, query, additional_headers=headers),
                       api.connect(an_id(), query, additional_headers=headers),
                       api.connect_feed(query, additional_headers=headers)):  # fmt: skip
        assert await heard(connecting) == STRANGER


async def test_nobody_logs_in_by_a_message(api: Api) -> None:
    async with api.connect_feed() as socket:
        for text in ("anna", json.dumps({"type": "auth", "token": "anna"}), "Bearer anna"):
            try:
                await socket.send(text)
            except websockets.ConnectionClosed:
                break
        assert await rest_of(socket) == ([], 4401)


async def test_a_bad_header_is_not_mended_by_a_ticket(api: Api) -> None:
    opened = await ticket(api, "anna", "/ws/orders")
    assert await heard(api.connect_feed(f"?ticket={opened}", additional_headers=bearer("nobody"))) == STRANGER
    async with api.connect_feed(f"?ticket={opened}"):
        await eventually(lambda: api.drain.open_sockets == 1)  # and it was not used up


async def test_a_ticket_opens_one_socket_once(api: Api) -> None:
    order_id = await an_order_of(api, "anna")
    opened = await ticket(api, "anna", f"/ws/orders/{order_id}")
    frames, code, _ = await heard(api.connect(order_id, f"?afterSeq=3&ticket={opened}"))
    assert ([json.loads(frame)["seq"] for frame in frames], code) == ([4, 5], 1000)
    assert await heard(api.connect(order_id, f"?ticket={opened}")) == STRANGER


async def test_a_ticket_for_an_order_opens_its_socket_where_it_was_posted(api: Api) -> None:
    order_id, other = await an_order_of(api, "anna"), await an_order_of(api, "anna")
    address = f"{api.url.replace('http', 'ws', 1)}/api/orders/execute?orderId="
    for asked, frames, code in ((other, 0, 4401), (order_id, 6, 1000)):
        opened = await ticket(api, "anna", f"/ws/orders/{order_id}")
        told, closed, _ = await heard(websockets.connect(f"{address}{asked}&ticket={opened}"))
        assert (len(told), closed) == (frames, code)


async def test_of_many_that_show_one_ticket_at_once_one_is_let_in(api: Api) -> None:
    order_id = await an_order_of(api, "anna")
    opened = await ticket(api, "anna", f"/ws/orders/{order_id}")
    codes = [
        code
        for _, code, _ in await asyncio.gather(*(heard(api.connect(order_id, f"?ticket={opened}")) for _ in range(20)))
    ]
    assert sorted(codes, key=str) == [1000] + [4401] * 19


async def test_a_ticket_is_for_its_target_and_its_page(api: Api) -> None:
    order_id, other = await an_order_of(api, "anna"), await an_order_of(api, "anna")
    while order_id == order_id.upper():  # one without a letter has no other way to be written
        order_id = await an_order_of(api, "anna")
    path, page = f"/ws/orders/{order_id}", {"Origin": api.url}

    async def code(target: str, asked: dict[str, str], shown: dict[str, str]) -> int | None:
        text = await ticket(api, "anna", target, **asked)
        return (await heard(api.connect(order_id, f"?ticket={text}", additional_headers=shown)))[1]

    assert await code(path, page, page) == 1000
    assert await code(path, page, {}) == 4401
    assert await code(path, {}, page) == 4401
    assert await code(f"/ws/orders/{other}", {}, {}) == 4401
    assert await code("/ws/orders", {}, {}) == 4401
    assert await code(f"/ws/orders/{order_id.upper()}", {}, {}) == 4401


async def test_a_ticket_of_a_key_that_was_revoked_meanwhile_opens_nothing(
    api: Api, authenticator: Authenticator
) -> None:
    opened = await ticket(api, "anna", "/ws/orders")
    authenticator.revoke(ANNA)
    assert await heard(api.connect_feed(f"?ticket={opened}")) == STRANGER


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["target"]),
        ({"target": None}, ["target"]),
        ({"target": ["/ws/orders"]}, ["target"]),
        ({"target": "/api/orders"}, ["target"]),
        ({"target": "/ws/orders/"}, ["target"]),
        ({"target": "/ws/orders?userId=anna"}, ["target"]),
        ({"target": "/ws/orders\n"}, ["target"]),
        ({"target": f"/ws/orders/{'a' * 65}"}, ["target"]),
        ({"target": "/ws/orders", "origin": "x"}, ["origin"]),
        ({"orderId": "x"}, ["target", "orderId"]),
    ],
)
async def test_a_bad_wish_for_a_ticket(api: Api, body: dict[str, object], fields: list[str]) -> None:
    answer = await api.http.post(TICKETS, json=body, headers=bearer("anna"))
    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (400, fields)


async def test_a_ticket_needs_a_credential_and_a_json_body(api: Api) -> None:
    assert (await api.http.post(TICKETS, json={"target": "/ws/orders"})).status_code == 401
    assert (await api.http.post(TICKETS, content=b"{}", headers=bearer("anna"))).status_code == 415
    headers = {**bearer("anna"), "Content-Type": "application/json"}
    assert (await api.http.post(TICKETS, content=b"{", headers=headers)).json()["code"] == "malformed_body"
    assert (await api.http.post(TICKETS, content=b" " * 20_000, headers=headers)).status_code == 413


async def test_the_feed_is_of_ones_own_orders(api: Api) -> None:
    async with AsyncExitStack() as stack:
        anna, bert, backend = [
            await stack.enter_async_context(api.connect_feed(additional_headers=bearer(credential)))
            for credential in ("anna", "bert", "backend")
        ]
        await eventually(lambda: api.drain.open_sockets == 3)
        for user in ("anna", "bert"):
            body = {"inputToken": "SOL", "outputToken": "USDC", "amount": 1, "userId": user}
            assert (await api.http.post("/api/orders/execute", json=body, headers=bearer(user))).status_code == 202
        users = [
            [json.loads(await socket.recv())["userId"] for _ in range(many)]
            for socket, many in ((anna, 1), (bert, 1), (backend, 2))
        ]
        assert users == [["anna"], ["bert"], ["anna", "bert"]]
    assert await heard(api.connect_feed("?userId=bert", additional_headers=bearer("anna"))) == ([], 4404, "forbidden")
    async with api.connect_feed("?userId=anna", additional_headers=bearer("anna")):
        await eventually(lambda: api.drain.open_sockets == 1)


@pytest.fixture
async def timed(clock: ManualClock) -> AsyncIterator[tuple[Api, Authenticator]]:
    """An API whose clock the test moves."""
    authenticator = Authenticator(clock)
    authenticator.admit("anna", Grant(ANNA))
    authenticator.admit("bert", Grant(BERT, clock.now() + timedelta(seconds=60)))
    async with running_api(Engine(clock=clock, authenticator=authenticator)) as api:
        yield api, authenticator


async def opened(stack: AsyncExitStack, api: Api, *credentials: str) -> list[websockets.ClientConnection]:
    sockets = [
        await stack.enter_async_context(api.connect_feed(additional_headers=bearer(credential)))
        for credential in credentials
    ]
    await eventually(lambda: api.drain.open_sockets == len(sockets))
    return sockets


async def test_a_revoked_keys_sockets_are_closed_and_no_others(
    timed: tuple[Api, Authenticator], clock: ManualClock
) -> None:
    api, authenticator = timed
    async with AsyncExitStack() as stack:
        *annas, bert = await opened(stack, api, *["anna"] * 5, "bert")
        authenticator.revoke(ANNA)
        await clock.advance(LOOK_SECONDS)
        assert [await rest_of(socket) for socket in annas] == [([], 4401)] * 5
        await eventually(lambda: api.drain.open_sockets == 1)
        await (await bert.ping())


async def test_sockets_end_with_what_let_them_in(timed: tuple[Api, Authenticator], clock: ManualClock) -> None:
    api, authenticator = timed
    async with AsyncExitStack() as stack:
        anna, bert = await opened(stack, api, "anna", "bert")
        authenticator.away = True  # that it is over can be told all the same
        await clock.advance(60 - LOOK_SECONDS)
        await (await bert.ping())
        await clock.advance(LOOK_SECONDS)
        assert await rest_of(bert) == ([], 4401)
        await (await anna.ping())


async def test_while_nobody_can_tell_sockets_stay_and_none_is_opened(
    timed: tuple[Api, Authenticator], clock: ManualClock
) -> None:
    api, authenticator = timed
    opened_before = await ticket(api, "anna", "/ws/orders")
    async with AsyncExitStack() as stack:
        anna, bert = await opened(stack, api, "anna", "bert")
        authenticator.away, authenticator.rechecks = True, 0
        for _ in range(3):
            await clock.advance(LOOK_SECONDS)
        assert authenticator.rechecks == 3  # one a look is enough to know it
        for socket in (anna, bert):
            await (await socket.ping())
        assert await heard(api.connect_feed(additional_headers=bearer("anna"))) == ([], 1013, "store_unavailable")
        assert await heard(api.connect_feed(f"?ticket={opened_before}")) == ([], 1013, "store_unavailable")
        authenticator.away = False
        authenticator.revoke(ANNA)
        await clock.advance(LOOK_SECONDS)
        assert await rest_of(anna) == ([], 4401)


async def test_a_grant_is_asked_about_once_however_many_sockets_it_opened(
    timed: tuple[Api, Authenticator], clock: ManualClock
) -> None:
    api, authenticator = timed
    async with AsyncExitStack() as stack:
        await opened(stack, api, *["anna"] * 20)
        await clock.advance(LOOK_SECONDS)
        assert authenticator.rechecks == 1
    await eventually(lambda: api.drain.open_sockets == 0)
    await clock.advance(LOOK_SECONDS)
    assert authenticator.rechecks == 1  # nobody is left to ask about


async def test_without_log_in_a_ticket_is_given_and_not_needed() -> None:
    async with running_api() as api:
        answer: httpx.Response = await api.http.post(TICKETS, json={"target": "/ws/orders"})
        assert answer.status_code == 200
        async with api.connect_feed(f"?ticket={answer.json()['ticket']}"), api.connect_feed("?ticket=x"):
            await eventually(lambda: api.drain.open_sockets == 2)


async def test_what_a_credential_allows_is_told(api: Api) -> None:
    async def told(credential: str) -> object:
        return (await api.http.get("/api/me", headers=bearer(credential))).json()

    own = ["orders:cancel", "orders:read", "orders:write"]
    assert await told("anna") == {"userId": "anna", "scopes": own, "expiresAt": None}
    assert await told("admin") == {"userId": "root", "scopes": ["admin"], "expiresAt": None}
    async with running_api() as open_to_all:
        answer = (await open_to_all.http.get("/api/me")).json()
    assert answer == {"userId": None, "scopes": sorted(Scope), "expiresAt": None}
