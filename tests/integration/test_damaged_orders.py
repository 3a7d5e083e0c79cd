"""Rows and jobs that make no sense, among sound ones: these finish, and the others end where an operator sees them."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from uuid import uuid4

import httpx
import pytest
from redis.asyncio import Redis

from adapters.redis import keys
from adapters.redis.clients import queue_client
from adapters.redis.queue_operations import RedisQueueOperations
from tests import servers
from tests.clients import Fleet, all_final, rows, running_fleet, stories_are_whole, submit
from tests.eventually import eventually
from tests.processes import finished

SETTINGS = {"MOCK_SWAP_MIN_MS": "700", "MOCK_SWAP_MAX_MS": "900", "WORKER_CONCURRENCY": "100"}
# What makes a new order's row one that no worker can go on with, and what an operator would write to mend it.
UNREADABLE: Mapping[str, str] = {
    'quotes = \'{"no": "list"}\'': "quotes = NULL",
    "reason_code = 'because'": "reason_code = NULL",
    "logs = NULL": "logs = '{}'",
    "amount = 'NaN'": "amount = 10",
    "created_at = NULL": "created_at = updated_at",
    "status = 'submitted', tx_hash = 'tx', tx_venue = 'Nowhere'": "status = 'pending', tx_hash = NULL, tx_venue = NULL",
    "status = 'submitted'": "status = 'pending'",
}
DAMAGES = (*UNREADABLE, "version = 7")
DELIVERIES = 10
# Each but the last is followed by a second's wait; the machine may be busy.
BURIED_SECONDS = DELIVERIES + 20.0


@pytest.fixture(scope="module")
def fleet(postgres_url: str) -> Iterator[Fleet]:
    with servers.empty_database(postgres_url) as database_url, running_fleet(database_url, SETTINGS) as fleet:
        yield fleet


@pytest.fixture
async def client(fleet: Fleet) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=fleet.api.url, timeout=10) as client:
        yield client


@pytest.fixture
async def redis(fleet: Fleet) -> AsyncIterator[Redis]:
    redis = queue_client(fleet.redis.url)
    yield redis
    await redis.aclose()


@pytest.fixture
async def operations(redis: Redis) -> AsyncIterator[RedisQueueOperations]:
    operations = RedisQueueOperations(redis)
    yield operations
    await operations.close()


@asynccontextmanager
async def no_job_taken(operations: RedisQueueOperations) -> AsyncIterator[None]:
    await operations.pause()
    yield
    await operations.resume()


def change(fleet: Fleet, order_id: str, assignments: str) -> None:
    query = f"UPDATE orders SET {assignments} WHERE order_id = %s RETURNING id"  # noqa: S608 - our own texts
    assert rows(fleet.settings, query, [order_id])


async def dead_letters(fleet: Fleet) -> dict[str, str]:
    """Ask as an operator does; return why each was buried."""
    ended = await asyncio.to_thread(finished, "queue", "dead", "--json", settings=fleet.settings)
    assert (ended.returncode, ended.stderr) == (0, "")
    return {letter["orderId"]: letter["why"] for letter in json.loads(ended.stdout)}


async def all_run(client: httpx.AsyncClient, order_ids: list[str]) -> None:
    orders = await all_final(client, order_ids)
    assert {(order["status"], order["attempt"]) for order in orders} == {("confirmed", 1)}


async def test_damaged_rows_and_foreign_jobs_harm_no_neighbour(
    fleet: Fleet, client: httpx.AsyncClient, redis: Redis, operations: RedisQueueOperations
) -> None:
    async with no_job_taken(operations):
        order_ids = await submit(client, 3 * len(DAMAGES), userId="user among the damaged")
        damaged, sound = order_ids[::3], [order_id for n, order_id in enumerate(order_ids) if n % 3]
        for order_id, damage in zip(damaged, DAMAGES, strict=True):
            change(fleet, order_id, damage)
        for foreign in (b"", b"\x00", b"\xff\xfe", b"not an id", b"x" * 10_000, str(uuid4()).encode()):
            await redis.xadd(keys.STREAM, {"name": "execute", "orderId": foreign})
        await redis.xadd(keys.STREAM, {"what": "ever"})
    started = time.monotonic()
    await all_run(client, sound)
    assert time.monotonic() - started < 8

    listed = await client.get("/api/orders?userId=user among the damaged")
    assert listed.status_code == 200
    assert {order["orderId"] for order in listed.json()["data"]} >= set(sound)
    for order_id in damaged:
        assert (await client.get(f"/api/orders/{order_id}")).status_code in (200, 500)
    assert fleet.worker.process.poll() is None
    await all_final(client, await submit(client, 10))
    rows(fleet.settings, "DELETE FROM orders WHERE user_id = 'user among the damaged' RETURNING id")


async def test_an_order_that_cannot_be_read_is_tried_again_then_buried_and_runs_once_it_is_mended(
    fleet: Fleet, client: httpx.AsyncClient, operations: RedisQueueOperations
) -> None:
    async with no_job_taken(operations):
        sound = await submit(client, 20)
        damaged = dict(zip(await submit(client, len(UNREADABLE)), UNREADABLE, strict=True))
        for order_id, damage in damaged.items():
            change(fleet, order_id, damage)
        sound += await submit(client, 20)

    async def buried() -> set[str]:
        return {letter.order_id for letter in await operations.buried()} & damaged.keys()

    async def all_are_buried() -> bool:
        return await buried() == damaged.keys()

    await all_run(client, sound)
    assert await buried() == set()  # neighbours don't wait for that
    await eventually(all_are_buried, within=BURIED_SECONDS)
    dead = await dead_letters(fleet)
    for order_id, damage in damaged.items():
        told = f"delivered {DELIVERIES} times and never done; the last time: "
        error = (
            "RuntimeError" if damage == "status = 'submitted'" else f"UnreadableOrder('order {order_id} cannot be read"
        )
        assert dead[order_id].startswith(told + error)
    counts = await operations.counts()
    assert (counts.waiting, counts.leased, counts.delayed) == (0, 0, 0)  # and the sweep leaves them alone

    for order_id, damage in damaged.items():
        change(fleet, order_id, UNREADABLE[damage])
        assert await operations.revive(order_id)
    await all_run(client, list(damaged))
    assert await buried() == set()
    stories_are_whole(fleet.settings)
