"""Memory stays where it is over many orders: the API's, the worker's and Redis's."""

import asyncio
import os
from pathlib import Path

import httpx
import pytest
from redis.asyncio import Redis

from adapters.redis.clients import queue_client
from adapters.redis.order_queue import RedisOrderQueue
from tests.builders import an_id
from tests.clients import Follower, new_engine, rows, submit
from tests.eventually import eventually
from tests.processes import EngineProcess, running

pytestmark = pytest.mark.timeout(7200)

ORDERS = int(os.environ.get("SOAK_ORDERS", "20000"))
JOBS = int(os.environ.get("SOAK_JOBS", "200000"))
WAVE = 500
NO_DELAYS = {"MOCK_QUOTE_MS": "0", "MOCK_BUILD_MS": "0", "MOCK_SWAP_MIN_MS": "0", "MOCK_SWAP_MAX_MS": "0"}
PATIENT = {"LEASE_SECONDS": "30", "RECOVERY_SECONDS": "15", "LOG_LEVEL": "warning"}
# What the allocator may keep for itself, once the process has been as busy as it gets.
GROWTH_BYTES = 12 << 20


@pytest.fixture
def settings(database_url: str, redis_db_url: str) -> dict[str, str]:
    return {**new_engine(database_url, redis_db_url), **NO_DELAYS, **PATIENT}


def resident_bytes(process: EngineProcess) -> int:
    pages = Path(f"/proc/{process.process.pid}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


async def redis_bytes(redis: Redis) -> int:
    return int((await redis.info("memory"))["used_memory"])


async def run_orders(settings: dict[str, str], client: httpx.AsyncClient, api: EngineProcess, many: int) -> None:
    """Have orders executed in waves, some of them with a socket on them."""

    async def all_done() -> bool:
        return not rows(settings, "SELECT 1 FROM orders WHERE finished_at IS NULL LIMIT 1")

    for _ in range(0, many, WAVE):
        order_ids = await submit(client, WAVE)
        await asyncio.gather(*(Follower([api.url], order_id).follow() for order_id in order_ids[::20]))
        await eventually(all_done, within=120)


async def test_processes_do_not_grow_with_the_orders_they_have_seen(
    settings: dict[str, str], redis_db_url: str
) -> None:
    limits = httpx.Limits(max_connections=50)
    with running("api", settings=settings) as api, running("worker", settings=settings) as worker:
        async with (
            httpx.AsyncClient(base_url=api.url, timeout=60, limits=limits) as client,
            Redis.from_url(redis_db_url) as redis,
        ):
            await run_orders(settings, client, api, ORDERS // 2)
            half = [resident_bytes(api), resident_bytes(worker), await redis_bytes(redis)]
            await run_orders(settings, client, api, ORDERS // 2)
            end = [resident_bytes(api), resident_bytes(worker), await redis_bytes(redis)]
    assert len(rows(settings, "SELECT 1 FROM orders")) >= ORDERS // WAVE * WAVE
    assert [after - before < GROWTH_BYTES for before, after in zip(half, end, strict=True)] == [True] * 3, (half, end)


async def test_redis_forgets_what_is_done(redis_db_url: str) -> None:
    client = queue_client(redis_db_url)
    queue = RedisOrderQueue(client, "w1", lease_seconds=60)
    await queue.open()
    before = await redis_bytes(client)
    for _ in range(0, JOBS, 2000):
        await queue.put([an_id() for _ in range(2000)])
        while leases := await queue.take(1000, 0):
            await asyncio.gather(*(queue.done(lease) for lease in leases))
    assert await redis_bytes(client) - before < 1 << 20
    await queue.close()
    await client.aclose()
