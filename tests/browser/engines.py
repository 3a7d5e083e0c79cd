"""Engines for browser tests, and orders in them."""

import asyncio
import json
import queue
import threading
import urllib.request
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx
from attrs import frozen

from adapters.memory.authenticator import InMemoryAuthenticator
from application.ports.order_store import Record
from domain.order import Order
from tests.api import CLOCK, Api, Engine, running_api
from tests.builders import an_order
from tests.processes import EngineProcess, running

ORDER: Mapping[str, object] = {"inputToken": "SOL", "outputToken": "USDC", "amount": 10, "userId": "user123"}
# Slow enough that a person, and a test, sees each step.
VISIBLE = {"MOCK_QUOTE_MS": "150", "MOCK_BUILD_MS": "250", "MOCK_SWAP_MIN_MS": "300", "MOCK_SWAP_MAX_MS": "600"}
CONNECTIONS = 16


@contextmanager
def in_memory(**settings: str) -> Iterator[EngineProcess]:
    """Run an engine without servers in which, unless `settings` say other, each step is visible and none fails."""
    with running("dev", "--memory", settings={**VISIBLE, "MOCK_FAILURE_RATE": "0", **settings}) as engine:
        yield engine


@frozen
class Guarded:
    """An engine that asks for credentials, in a thread of its own; it executes nothing by itself."""

    api: Api
    authenticator: InMemoryAuthenticator
    loop: asyncio.AbstractEventLoop

    def order(self, user_id: str, *, executed: bool = True) -> str:
        """Take an order; return its id."""
        return self._run(self._order(user_id, executed))

    def _run(self, work: Coroutine[Any, Any, str]) -> str:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(10)

    async def _order(self, user_id: str, executed: bool) -> str:
        order = an_order(userId=user_id)
        await self.api.engine.store.add(order)
        if executed:
            await self.api.engine.execute(order.order_id)
        return order.order_id


@contextmanager
def guarded() -> Iterator[Guarded]:
    """Run an API that asks for credentials until the block ends."""
    authenticator = InMemoryAuthenticator(CLOCK)
    with _in_a_thread(Engine(authenticator=authenticator)) as (api, loop):
        yield Guarded(api, authenticator, loop)


@contextmanager
def holding(order: Order, *records: Record) -> Iterator[str]:
    """Run an API that has this order, with these records or else one that it makes up, until the block ends."""
    engine = Engine()

    async def hold() -> None:
        await engine.store.add(order)
        for record in records:
            await engine.store.append(record)
        if not records:
            await engine.execute(order.order_id)

    with _in_a_thread(engine) as (api, loop):
        asyncio.run_coroutine_threadsafe(hold(), loop).result(10)
        yield api.url


@contextmanager
def _in_a_thread(engine: Engine) -> Iterator[tuple[Api, asyncio.AbstractEventLoop]]:
    ready: queue.Queue[tuple[Api, asyncio.AbstractEventLoop] | BaseException] = queue.Queue()
    stop = asyncio.Event()

    async def serve() -> None:
        async with running_api(engine) as api:
            ready.put((api, asyncio.get_running_loop()))
            await stop.wait()

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:
            ready.put(error)
            raise

    thread = threading.Thread(target=run)  # playwright's loop has this one
    thread.start()
    served = ready.get(timeout=20)
    if isinstance(served, BaseException):
        raise served
    try:
        yield served
    finally:
        served[1].call_soon_threadsafe(stop.set)
        thread.join(20)
        assert not thread.is_alive()


def submit(url: str, **over: object) -> str:
    """Have an order accepted; return its id."""
    body = json.dumps({**ORDER, **over}).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{url}/api/orders/execute", body, headers)  # noqa: S310 - loopback
    return str(_read(request)["orderId"])


def orders_of(url: str, user_id: str) -> list[dict[str, Any]]:
    """List a user's orders."""
    return list(_read(urllib.request.Request(f"{url}/api/orders?userId={user_id}"))["data"])  # noqa: S310 - loopback


@contextmanager
def flowing(url: str, count: int) -> Iterator[None]:
    """Submit `count` orders of some users side by side, and wait for the last answer at the block's end."""
    failures: list[BaseException] = []

    def flow() -> None:
        try:
            asyncio.run(_flow(url, count))
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=flow)  # playwright's loop has this one
    thread.start()
    try:
        yield
    finally:
        thread.join(60)
        assert not thread.is_alive()
        assert not failures, failures


async def _flow(url: str, count: int) -> None:
    numbers = iter(range(count))

    async def client(http: httpx.AsyncClient) -> None:
        for number in numbers:
            body = {**ORDER, "userId": f"user-{number % 7}", "amount": 1 + number % 40}
            answer = await http.post("/api/orders/execute", json=body)
            assert answer.status_code == 202, answer.text

    async with httpx.AsyncClient(base_url=url, timeout=30) as http, asyncio.TaskGroup() as group:
        for _ in range(CONNECTIONS):
            group.create_task(client(http))


def _read(request: urllib.request.Request) -> dict[str, Any]:
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - loopback
        return dict(json.load(answer))
