"""Every answer that openapi.yaml has is given by a running engine, and none that it does not have."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
from attrs import define, evolve, field

from adapters.memory.authenticator import InMemoryAuthenticator
from adapters.memory.executions import InMemoryExecutions
from adapters.memory.jobs import InMemoryJobs
from adapters.memory.order_store import InMemoryOrderStore
from adapters.memory.queue_operations import InMemoryQueueOperations
from adapters.memory.token_registry import InMemoryTokenRegistry
from application.caller import Caller as Asker
from application.errors import RateLimited
from application.ports.authenticator import Grant
from application.ports.errors import Overloaded, QueueUnavailable, StoreUnavailable
from application.ports.executions import ExecutionFilter, ExecutionPage
from application.ports.order_store import (
    Admission,
    Backlog,
    OrderFilter,
    OrderPage,
    UnfinishedFilter,
    UnfinishedPage,
)
from application.ports.queue_operations import Job, QueueCounts
from domain.order import Order
from domain.token_list import TokenList
from entrypoints.web.http.health import Check
from entrypoints.web.pages.console.resources import INDEX, console_files
from entrypoints.web.server import ServerTimes
from tests.api import CLOCK, ORDER, Api, Engine, running_api
from tests.builders import an_act, an_id, an_order
from tests.contracts.order_store_harness import append_all, clean_run
from tests.contracts.token_registry import OTHER_USDC, PYUSD, SOL, USDC
from tests.described import OUTSIDE, Answer, check_answer, described_answers, operations
from tests.unit.descriptions import webhook_calls

EXECUTE, TICKETS = "/api/orders/execute", "/api/ws-tickets"
CANCEL_ALL = "/api/orders/cancel-all"
DECISIONS = ("requeue", "revive", "fail")
ERRORS = (RuntimeError("not foreseen"), StoreUnavailable("away"), Overloaded("too much"))
PAGES = ("/openapi.json", "/asyncapi.json", "/docs", "/docs/websockets", "/", f"/orders/{an_id()}")
CONSOLE = tuple(f"/console/{name}" for name in console_files() if name != INDEX)
ASSETS = ("/docs/assets/docs.css",)


class BrokenStore(InMemoryOrderStore):
    """Raises one error from whatever the API asks first."""

    def __init__(self, error: Exception) -> None:
        super().__init__(CLOCK)
        self.error = error

    async def add(self, order: Order, idempotency_key: str | None = None) -> Admission:
        raise self.error

    async def get(self, order_id: str, *, durable: bool = False) -> Order | None:
        raise self.error

    async def find(self, wanted: OrderFilter, cursor: str | None, limit: int) -> OrderPage:
        raise self.error

    async def unfinished(self, wanted: UnfinishedFilter, after: str | None, limit: int) -> UnfinishedPage:
        raise self.error

    async def backlog(self) -> Backlog:
        raise self.error


class BrokenExecutions(InMemoryExecutions):
    """Raises one error."""

    def __init__(self, error: Exception) -> None:
        super().__init__(())
        self.error = error

    async def page(self, query: ExecutionFilter, cursor: str | None, limit: int) -> ExecutionPage:
        raise self.error


class BrokenAuthenticator(InMemoryAuthenticator):
    """Raises one error."""

    def __init__(self, error: Exception) -> None:
        super().__init__(CLOCK)
        self.error = error

    async def authenticate(self, credential: str, address: str) -> Grant:
        raise self.error


class HastyAuthenticator(InMemoryAuthenticator):
    """Tells one credential to wait."""

    async def authenticate(self, credential: str, address: str) -> Grant:
        if credential == "again":
            raise RateLimited(3)
        return await super().authenticate(credential, address)


class OperationsAway(InMemoryQueueOperations):
    async def counts(self) -> QueueCounts:
        raise QueueUnavailable("away")

    async def find(self, order_id: str) -> Job | None:
        raise QueueUnavailable("away")

    async def revive(self, order_id: str) -> bool:
        raise QueueUnavailable("away")


@define
class Caller:
    """Calls an API and keeps which described answers came."""

    api: Api
    seen: set[Answer] = field(factory=set)

    async def __call__(self, method: str, path: str, **call: Any) -> httpx.Response:
        answer = await self.api.http.request(method, path, **call)
        self.seen.add(check_answer(method, answer.url.path, answer.status_code, answer.headers, answer.content))
        return answer

    async def raw(self, request: bytes) -> None:
        """Send bytes that are no request."""
        reader, writer = await asyncio.open_connection(self.api.http.base_url.host, self.api.http.base_url.port)
        writer.write(request)
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
        status, *lines = head.decode().split("\r\n")
        headers = httpx.Headers([(name, value) for name, _, value in (line.partition(": ") for line in lines)])
        self.seen.add(check_answer("GET", "/", int(status.split()[1]), headers, body))


@asynccontextmanager
async def calling(engine: Engine | None = None) -> AsyncIterator[Caller]:
    async with running_api(engine, times=ServerTimes(request_seconds=0.5)) as api:
        yield Caller(api)


async def orders(call: Caller) -> None:
    """Send, repeat, read, list and cancel orders, and be refused all of it."""
    keyed: Mapping[str, Any] = {"headers": {"Idempotency-Key": "k", "X-Request-Id": "mine"}}
    order_id = (await call("POST", EXECUTE, json=ORDER, **keyed)).json()["orderId"]
    assert (await call("POST", EXECUTE, json=ORDER, **keyed)).headers["Idempotency-Replayed"] == "true"
    await call("POST", EXECUTE, json={**ORDER, "amount": 11}, **keyed)
    named = {**ORDER, "clientOrderId": "c", "slippageBps": 50}
    await call("POST", EXECUTE, json=named)
    await call("POST", EXECUTE, json={**named, "amount": "0.00000001"})
    await call("POST", EXECUTE, json={"extra": 1})
    await call("POST", EXECUTE, content=b"{", headers={"Content-Type": "application/json"})
    await call("POST", EXECUTE, content=b"{}")
    await call("POST", EXECUTE, content=b" " * 20_000)
    await call("GET", EXECUTE)
    for path in (f"/api/orders/{order_id}", f"/api/orders/{order_id}/events", "/api/orders"):
        await call("GET", path)
        await call("HEAD", path)
    await call("GET", f"/api/orders/{order_id}/events?afterSeq=x")
    await call("GET", "/api/orders?limit=0&status=x&cursor=x&userId=")
    await call("POST", f"/api/orders/{order_id}/cancel")
    await call("POST", f"/api/orders/{order_id}/cancel")
    await call("GET", f"/api/orders/{order_id}")
    for method, tail in (("GET", ""), ("GET", "/events"), ("POST", "/cancel")):
        await call(method, f"/api/orders/{an_id()}{tail}")


async def decisions(call: Caller) -> None:
    """Decide on orders as operators do, as far as it can be done, and wrongly."""
    waits, ended, held = (await call("POST", EXECUTE, json=ORDER)).json()["orderId"], an_order(), an_order()
    for order in (ended, evolve(held, held=True)):
        await call.api.engine.store.add(order)
    await append_all(call.api.engine.store, clean_run(ended))
    sent = an_order()
    await call.api.engine.store.add(sent)
    await append_all(call.api.engine.store, clean_run(sent)[:4])
    for order_id in (waits, ended.order_id, held.order_id, an_id()):
        for verb in DECISIONS:
            await call("POST", f"/api/orders/{order_id}/{verb}", json={"reason": "why"})
    await call("POST", f"/api/orders/{sent.order_id}/fail")
    for verb in DECISIONS:
        address = f"/api/orders/{waits}/{verb}"
        await call("POST", address, json={"reason": 1, "extra": 1})
        await call("POST", address, content=b" " * 20_000)
        await call("POST", address, content=b"{}")
        await call("POST", address, content=b"{", headers={"Content-Type": "application/json"})


async def dead_letters(call: Caller) -> None:
    """Have a worker give an order up, and decide on it."""
    order_id = (await call("POST", EXECUTE, json=ORDER)).json()["orderId"]
    while not (await call.api.engine.operations.counts()).buried:
        for lease in await call.api.engine.queue.take(10, 0):
            await call.api.engine.queue.retry_in(lease, 0, failure="why")
    for verb in DECISIONS:
        await call("POST", f"/api/orders/{order_id}/{verb}")


async def cancel_all(call: Caller) -> None:
    """Stop many orders, and ask for it wrongly."""
    await call("POST", EXECUTE, json=ORDER)
    await call("POST", CANCEL_ALL, json={"userId": "user123", "pair": "SOL/USDC", "status": "pending"})
    await call("POST", CANCEL_ALL, json={"userId": "", "pair": "SOL", "status": "failed", "extra": 1})
    await call("POST", CANCEL_ALL, content=b" " * 20_000)
    await call("POST", CANCEL_ALL, content=b"{}")
    await call("POST", CANCEL_ALL, content=b"{", headers={"Content-Type": "application/json"})


async def tokens(call: Caller) -> None:
    """Name tokens of a list, and others."""
    await call("GET", "/api/tokens")
    await call("HEAD", "/api/tokens")
    for sold in ("SOL", "SLO", "USDT"):
        await call("POST", EXECUTE, json={**ORDER, "inputToken": sold})
        await call("POST", CANCEL_ALL, json={"pair": f"{sold}/USDC"})
        await call("GET", "/api/orders", params={"pair": f"{sold}/USDC"})


async def executions(call: Caller) -> None:
    """List what landed, page by page, in both forms."""
    for _ in range(2):
        order_id = (await call("POST", EXECUTE, json=ORDER)).json()["orderId"]
        await call.api.engine.execute(order_id)
    for kind in ("application/json", "text/csv"):
        first = await call("GET", "/api/executions?limit=1", headers={"Accept": kind})
        assert first.headers["Content-Type"].startswith(kind)
        await call("HEAD", "/api/executions", headers={"Accept": kind})
        await call("GET", first.links["next"]["url"], headers={"Accept": kind})
    await call("GET", "/api/executions?limit=0&since=yesterday&status=confirmed")


async def strangers(call: Caller) -> None:
    """Ask for everything without a credential, with one that allows nothing, and for what needs none."""
    for given in ({}, {"Authorization": "Bearer good"}, {"Authorization": "Bearer again"}):
        call.api.http.headers.update(given)
        await call("POST", EXECUTE, json=ORDER)
        for method, tail in (("GET", ""), ("GET", "/events"), ("POST", "/cancel")):
            await call(method, f"/api/orders/{an_id()}{tail}")
        for verb in DECISIONS:
            await call("POST", f"/api/orders/{an_id()}/{verb}")
        await call("POST", TICKETS, json={"target": "/ws/orders"})
        await call("POST", CANCEL_ALL, json={})
        await webhook_calls.every_call(call)
        for path in ("/api/orders", "/api/executions", "/api/stats", "/api/tokens", "/api/me"):
            await call("GET", path)


async def access(call: Caller, credential: str | None = None) -> None:
    """Ask what a credential allows, and for tickets."""
    headers = {} if credential is None else {"Authorization": f"Bearer {credential}"}
    await call("GET", "/api/me", headers=headers)
    await call("GET", "/api/tokens", headers=headers)
    await call("POST", TICKETS, json={"target": "/ws/orders"}, headers=headers)
    await call("POST", TICKETS, json={"target": "/api/orders"}, headers=headers)
    await call("POST", TICKETS, content=b" " * 20_000, headers=headers)
    await call("POST", TICKETS, content=b"{}", headers=headers)
    await call("POST", TICKETS, content=b"{", headers={**headers, "Content-Type": "application/json"})


async def pages(call: Caller) -> None:
    """Get all pages and files, and get them again."""
    for path in (*PAGES, *ASSETS, *CONSOLE):
        first = await call("GET", path)
        assert (await call("HEAD", path)).headers["ETag"] == first.headers["ETag"]
        again = await call("GET", path, headers={"If-None-Match": f'"other", {first.headers["ETag"]}'})
        assert (again.status_code, again.content) == (304, b"")
    for path in ("/docs/assets/none.js", "/console/none.js", "/none"):
        await call("GET", path)


async def unreadable(call: Caller) -> None:
    """Send what is no request of ours, and half of one."""
    await call.raw(b"\x16\x03\x01\r\n\r\n")
    await call.raw(b"GET / HTTP/2.0\r\nHost: localhost\r\n\r\n")
    await call.raw(b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip, chunked\r\n\r\n")
    await call.raw(b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n")
    await call("POST", EXECUTE, json=ORDER, headers={"Origin": "https://evil.example"})
    await call.raw(b"GET / HTTP/1.1\r\n")


async def operation(call: Caller) -> None:
    """Ask how the engine is, then let it stop."""
    for path in ("/health/live", "/health/ready", "/api/stats"):
        await call("GET", path)
    await call("OPTIONS", EXECUTE)
    call.api.drain.begin()
    await call("GET", "/health/ready")


async def down() -> None:
    raise StoreUnavailable("away")


async def unknown_queries(call: Caller) -> None:
    """A parameter that there is not is refused by name, whatever is called but pages, whose queries are their own."""
    for method, path, _ in operations():
        address = path.replace("{orderId}", an_id()).replace("{webhookId}", an_id())
        body: dict[str, Any] = {"json": {}} if method == "post" else {}
        answer = await call(method.upper(), address, params={"nonsense": "1"}, **body)
        assert {"field": "nonsense", "message": "is not a parameter here"} in answer.json()["errors"], path
        assert (await call("OPTIONS", address, params={"nonsense": "1"})).status_code == 200
    assert (await call("GET", "/", params={"nonsense": "1"})).status_code == 200


async def test_every_described_answer_is_given_and_no_other() -> None:
    seen: set[Answer] = set()
    async with calling() as call:
        await orders(call)
        await cancel_all(call)
        await decisions(call)
        await executions(call)
        await webhook_calls.webhooks(call)
        await access(call)
        await call("HEAD", "/api/me")
        await unknown_queries(call)
        await pages(call)
        await unreadable(call)
        await operation(call)
        seen |= call.seen
    async with calling() as call:
        await dead_letters(call)
        seen |= call.seen
    async with calling(Engine(webhooks=None)) as call:
        await webhook_calls.every_call(call)
        seen |= call.seen
    async with calling(Engine(live={"flusher": Check(down)}, operations=OperationsAway(CLOCK, InMemoryJobs()))) as call:
        await call("GET", "/health/live")
        assert (await call("GET", "/api/stats")).json()["queue"] is None
        order_id = (await call("POST", EXECUTE, json=ORDER)).json()["orderId"]
        for verb in DECISIONS:
            await call("POST", f"/api/orders/{order_id}/{verb}")
        seen |= call.seen
    ambiguous = [evolve(token, symbol="USDT") for token in (PYUSD, OTHER_USDC)]
    listed = InMemoryTokenRegistry(TokenList.of([SOL, USDC, *ambiguous]))
    async with calling(Engine(tokens=listed)) as call:
        await tokens(call)
        seen |= call.seen
    authenticator = HastyAuthenticator(CLOCK)
    authenticator.admit("good", Grant(Asker("anna", frozenset())))
    async with calling(Engine(authenticator=authenticator)) as call:
        await strangers(call)
        seen |= call.seen
    for error in ERRORS:
        async with calling(Engine(authenticator=BrokenAuthenticator(error))) as call:
            await access(call, "good")
            seen |= call.seen
        broken = InMemoryOrderStore(CLOCK)
        broken.webhooks = webhook_calls.BrokenEndpoints(error)
        async with calling(Engine(store=broken)) as call:
            await webhook_calls.every_call(call)
            seen |= call.seen
        async with calling(Engine(store=BrokenStore(error), executions=BrokenExecutions(error))) as call:
            await call("POST", EXECUTE, json=ORDER)
            for method, tail in (("GET", ""), ("GET", "/events"), ("POST", "/cancel")):
                await call(method, f"/api/orders/{an_id()}{tail}")
            for verb in DECISIONS:
                await call("POST", f"/api/orders/{an_id()}/{verb}")
            await call("POST", CANCEL_ALL, json={})
            for path in ("/api/orders", "/api/executions", "/api/stats"):
                await call("GET", path)
            seen |= call.seen
    engine = Engine()
    order = an_order()
    await engine.store.add(order)
    await engine.halts.start("a drill", an_act("ada"), lost_writes=True)
    await engine.gate.look()
    async with calling(engine) as call:
        await call("POST", EXECUTE, json=ORDER)
        await call("POST", f"/api/orders/{order.order_id}/cancel")
        await call("POST", CANCEL_ALL, json={})
        await call("GET", "/api/stats")
        seen |= call.seen
    assert set(described_answers()) == seen - {Answer(OUTSIDE, 200)}
