"""A fleet whose Postgres a test may harm, and what its clients are told meanwhile."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager, contextmanager
from uuid import uuid4

import httpx
from attrs import frozen

from entrypoints.dev.servers import LocalPostgres
from tests import servers
from tests.clients import ORDER, Fleet, rows, running_fleet
from tests.eventually import eventually

# What the engine promises is 2 s; a busy machine may take a little longer.
LIMIT_SECONDS = 3.0
BACK_SECONDS = 3.0
SETTINGS = {"MOCK_SWAP_MIN_MS": "700", "MOCK_SWAP_MAX_MS": "900", "WORKER_CONCURRENCY": "100"}
OPTIONS = {"timezone": servers.TIMEZONE, "fsync": "off", "max_connections": "40"}


@frozen
class PostgresFleet(Fleet):
    """A fleet with its own Postgres too."""

    postgres: LocalPostgres


@contextmanager
def running_fleet_on_own_postgres() -> Iterator[PostgresFleet]:
    """Run a `running_fleet` with a Postgres of its own."""
    with (
        servers.reachable_folder() as folder,
        LocalPostgres(folder / "postgres", options=OPTIONS) as postgres,
        running_fleet(postgres.url, SETTINGS) as fleet,
    ):
        yield PostgresFleet(fleet.settings, fleet.redis, fleet.api, fleet.worker, postgres)


@asynccontextmanager
async def client_of_a_well(fleet: Fleet) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of the fleet's API, once every kind of call is answered as usual."""
    async with httpx.AsyncClient(base_url=fleet.api.url, timeout=10) as client:
        await eventually(lambda: works(client))
        yield client


async def post(client: httpx.AsyncClient, key: str, **over: object) -> httpx.Response:
    """Submit an order under a key."""
    return await client.post("/api/orders/execute", json={**ORDER, **over}, headers={"Idempotency-Key": key})


async def works(client: httpx.AsyncClient) -> bool:
    """Whether every kind of call is answered as usual."""
    answers = await every_read(client, (await submit_or_not(client)) or str(uuid4()))
    return all(answer.status_code == 200 for answer in answers)


async def submit_or_not(client: httpx.AsyncClient) -> str | None:
    """Submit in every way; return an order's id if all of it went well."""
    answers = await asyncio.gather(
        client.post("/api/orders/execute", json=ORDER), post(client, str(uuid4())), client.get("/health/ready")
    )
    if [answer.status_code for answer in answers] != [202, 202, 200]:
        return None
    return str(answers[0].json()["orderId"])


async def every_read(client: httpx.AsyncClient, order_id: str) -> list[httpx.Response]:
    """Get the order and its events, and list orders with and without a filter."""
    order = f"/api/orders/{order_id}"
    paths = (order, f"{order}/events", "/api/orders", "/api/orders?status=failed")
    return await asyncio.gather(*map(client.get, paths))


async def timed(call: Awaitable[httpx.Response]) -> tuple[httpx.Response, float]:
    """Return the answer, and how many seconds it took."""
    start = time.monotonic()
    return await call, time.monotonic() - start


async def refused(call: Awaitable[httpx.Response]) -> object:
    """Check that a call is turned away in time and in form; return what it says of the order."""
    answer, seconds = await timed(call)
    assert seconds < LIMIT_SECONDS
    assert answer.status_code == 503, answer.text
    assert answer.json()["code"] == "store_unavailable"
    assert int(answer.headers["Retry-After"]) >= 1
    assert answer.headers["Content-Type"] == "application/problem+json"
    return answer.json()["accepted"]


async def is_back_soon(client: httpx.AsyncClient) -> None:
    """Check that all calls work again in time."""
    start = time.monotonic()
    await eventually(lambda: works(client))
    assert time.monotonic() - start < BACK_SECONDS


def orders_of(fleet: Fleet, user_id: str) -> dict[str, list[str]]:
    """Return the ids of a user's orders, by Idempotency-Key."""
    found: dict[str, list[str]] = {}
    query = "SELECT order_id, key FROM orders AS o LEFT JOIN idempotency_keys USING (order_id) WHERE o.user_id = %s"
    for row in rows(fleet.settings, query, [user_id]):
        found.setdefault(row["key"], []).append(row["order_id"])
    return found
