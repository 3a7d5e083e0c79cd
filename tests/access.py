"""Every route of the API, and what it answers to whom: no route may be without a row, whatever it is of."""

import asyncio
import re
import ssl
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any

import httpx
import websockets
from attrs import frozen
from falcon.asgi import App, Response
from falcon.inspect import inspect_routes

from application.caller import Scope
from entrypoints.web.request import Request
from tests.builders import an_id

OWN = frozenset({Scope.ORDERS_READ, Scope.ORDERS_WRITE, Scope.ORDERS_CANCEL, Scope.WEBHOOKS})
# Who asks. `wrong scope` is the owner without the one scope that the route needs, and without those for operators.
KINDS = ("none", "malformed", "expired", "revoked", "wrong scope", "other user", "owner", "users:any", "admin")
SCOPES: Mapping[str, frozenset[Scope]] = {
    "expired": OWN,
    "revoked": OWN,
    "other user": OWN,
    "owner": OWN,
    "users:any": OWN | {Scope.USERS_ANY},
    "admin": frozenset({Scope.ADMIN}),
}
OWNER, OTHER = "anna", "bert"
USERS = {"other user": OTHER, "users:any": "backend", "admin": "root"}
OPEN = 101

Answers = tuple[int, int, int, int, int, int, int, int, int]


@frozen
class Row:
    """What a route answers to each of KINDS, and the scope that it needs; `at` completes its address."""

    answers: Answers
    scope: Scope | None = None
    at: str = ""
    body: Mapping[str, object] | None = None


def _guarded(wrong: int, other: int, owner: int, anyone: int, admin: int) -> Answers:
    return 401, 401, 401, 401, wrong, other, owner, anyone, admin


def _socket(wrong: int, other: int, owner: int, anyone: int, admin: int) -> Answers:
    return 4401, 4401, 4401, 4401, wrong, other, owner, anyone, admin


FOR_EVERYONE = Row((200, 200, 200, 200, 200, 200, 200, 200, 200))
ORDER = {"inputToken": "SOL", "outputToken": "USDC", "amount": 10, "userId": OWNER}
READ, WRITE, CANCEL = Scope.ORDERS_READ, Scope.ORDERS_WRITE, Scope.ORDERS_CANCEL
HOOK = {"url": "https://hooks.example.com/", "userId": OWNER}
# Of an unknown one: another's looks the same (tests/unit/http/test_webhooks.py).
OF_ONE_WEBHOOK: Sequence[tuple[str, str, Mapping[str, object] | None]] = (
    *(("GET", "", None), ("PATCH", "", {}), ("DELETE", "", None), ("GET", "/deliveries", None)),
    *(
        ("POST", "/rotate-secret", None),
        ("POST", "/test", None),
        ("POST", "/replay", {"since": "2026-01-01T00:00:00Z"}),
    ),
)
TABLE: Mapping[tuple[str, str], Row] = {
    ("POST", "/api/orders/execute"): Row(_guarded(403, 403, 202, 202, 403), WRITE, body=ORDER),
    ("GET", "/api/orders"): Row(_guarded(403, 403, 200, 200, 403), READ, at=f"?userId={OWNER}"),
    ("GET", "/api/orders/{order_id}"): Row(_guarded(403, 404, 200, 200, 403), READ),
    ("GET", "/api/orders/{order_id}/events"): Row(_guarded(403, 404, 200, 200, 403), READ),
    ("POST", "/api/orders/{order_id}/cancel"): Row(_guarded(403, 404, 202, 202, 403), CANCEL),
    **{
        ("POST", f"/api/orders/{{order_id}}/{verb}"): Row(_guarded(403, 403, 403, 403, 404), Scope.ADMIN)
        for verb in ("requeue", "revive", "fail")
    },
    ("POST", "/api/orders/cancel-all"): Row(_guarded(403, 403, 200, 200, 403), CANCEL, body={"userId": OWNER}),
    ("GET", "/api/executions"): Row(_guarded(403, 403, 200, 200, 403), READ, at=f"?userId={OWNER}"),
    ("GET", "/api/stats"): Row(_guarded(403, 403, 403, 200, 200), READ),
    ("GET", "/api/tokens"): Row(_guarded(404, 404, 404, 404, 404)),
    ("GET", "/api/me"): Row(_guarded(200, 200, 200, 200, 200)),
    ("POST", "/api/ws-tickets"): Row(_guarded(403, 200, 200, 200, 403), READ, body={"target": "/ws/orders"}),
    ("GET", "/api/webhooks"): Row(_guarded(403, 403, 200, 200, 403), Scope.WEBHOOKS, at=f"?userId={OWNER}"),
    ("POST", "/api/webhooks"): Row(_guarded(403, 403, 201, 201, 403), Scope.WEBHOOKS, body=HOOK),
    **{
        (method, f"/api/webhooks/{{webhook_id}}{tail}"): Row(
            _guarded(403, 404, 404, 404, 403), Scope.WEBHOOKS, body=body
        )
        for method, tail, body in OF_ONE_WEBHOOK
    },
    ("WEBSOCKET", "/api/orders/execute"): Row(_socket(4404, 4404, OPEN, OPEN, 4404), READ, at="?orderId={order_id}"),
    ("WEBSOCKET", "/ws/orders"): Row(_socket(4404, 4404, OPEN, OPEN, 4404), READ, at=f"?userId={OWNER}"),
    ("WEBSOCKET", "/ws/orders/{order_id}"): Row(_socket(4404, 4404, OPEN, OPEN, 4404), READ),
    ("GET", "/health/live"): FOR_EVERYONE,
    ("GET", "/health/ready"): FOR_EVERYONE,
    ("GET", "/"): FOR_EVERYONE,
    ("GET", "/orders/{order_id}"): FOR_EVERYONE,
    ("GET", "/console/{file}"): FOR_EVERYONE,
    ("GET", "/docs"): FOR_EVERYONE,
    ("GET", "/docs/websockets"): FOR_EVERYONE,
    ("GET", "/docs/assets/{file}"): FOR_EVERYONE,
    ("GET", "/openapi.json"): FOR_EVERYONE,
    ("GET", "/asyncapi.json"): FOR_EVERYONE,
}


def routes(app: "App[Request, Response]") -> Iterator[tuple[str, str, str]]:
    """Yield each route of an app: its method, the address that TABLE has it under, and its own."""
    for route in inspect_routes(app):
        address = re.sub(r"^(/console|/docs/assets)/.+", r"\1/{file}", route.path)
        for method in route.methods:
            if not method.internal:
                yield method.method, address, route.path


@frozen
class Access:
    """A running engine, and credentials for it: `credential` gives one of a kind without a scope, None for none.

    `address` gives each question one of its own to come from: who fails again and again from one has to wait.
    """

    http: httpx.AsyncClient
    credential: Callable[[str, Scope | None], Awaitable[str | None]]
    order: Callable[[], Awaitable[str]]
    address: Callable[[], str | None] = lambda: None

    async def answer(self, kind: str, method: str, path: str, row: Row) -> int:
        """Return the status, or close code, that a route answers to a kind of client; of OWNER's order, if of one."""
        address = path + row.at
        order_id = await self.order() if "{order_id}" in address else an_id()
        address = address.replace("{order_id}", order_id).replace("{webhook_id}", order_id)
        return await self.asked(kind, method, address, row)

    async def asked(self, kind: str, method: str, address: str, row: Row) -> int:
        """Return what is answered at this very address."""
        headers = await self.headers(kind, row)
        if method == "WEBSOCKET":
            return await self._socket(address, headers)
        source = self.address()
        if source is None:
            return (await self.http.request(method, address, headers=headers, json=row.body)).status_code
        no_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # httpx's own reads all certificates, each time
        transport = httpx.AsyncHTTPTransport(local_address=source, verify=no_tls)
        async with httpx.AsyncClient(base_url=self.http.base_url, transport=transport) as http:
            return (await http.request(method, address, headers=headers, json=row.body)).status_code

    async def headers(self, kind: str, row: Row) -> dict[str, str]:
        """Return what a kind of client sends."""
        credential = await self.credential(kind, row.scope if kind == "wrong scope" else None)
        return {} if credential is None else {"Authorization": f"Bearer {credential}"}

    async def _socket(self, address: str, headers: dict[str, str]) -> int:
        url = str(self.http.base_url).rstrip("/").replace("http", "ws", 1) + address
        source = self.address()
        options: dict[str, Any] = {"local_addr": (source, 0)} if source else {}
        async with asyncio.timeout(10), websockets.connect(url, additional_headers=headers, **options) as socket:
            try:
                if address.startswith("/ws/orders?"):  # the feed, which is silent
                    await (await socket.ping())
                else:
                    await socket.recv()
            except websockets.ConnectionClosed:
                return socket.close_code or 0
            return OPEN
