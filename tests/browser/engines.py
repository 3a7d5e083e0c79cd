"""Engines for browser tests, and orders in them."""

import asyncio
import json
import threading
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx

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
