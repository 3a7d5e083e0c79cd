"""Redis dies, hangs, loads, fills up or refuses under running processes: orders are taken, and run later."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from statistics import median

import httpx
import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from entrypoints.dev.servers import LocalRedis
from tests import servers
from tests.clients import ORDER, Fleet, all_final, running_fleet, stories_are_whole, submit
from tests.eventually import eventually

# The engine promises to add nothing; a busy machine may.
SLOWER_SECONDS = 1.0
BACK_SECONDS = 15.0
# Loading takes 5 ms a key, and the server looks after its clients in between.
LOADING = {"key-load-delay": "5000", "loading-process-events-interval-bytes": "1024"}
KEYS = 400


@pytest.fixture(scope="module")
def fleet(postgres_url: str) -> Iterator[Fleet]:
    with servers.empty_database(postgres_url) as database_url, running_fleet(database_url) as fleet:
        yield fleet


@pytest.fixture
async def client(fleet: Fleet) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=fleet.api.url, timeout=10) as client:

        async def well() -> bool:
            ready = await client.get(f"{fleet.api.operations}/health/ready")
            return ready.status_code == 200 and ready.json()["checks"]["redis"] == "ok"

        await eventually(well)
        yield client


@pytest.fixture
async def redis(fleet: Fleet) -> AsyncIterator[Redis]:
    async with Redis.from_url(fleet.redis.url) as redis:
        yield redis


async def seconds_of(client: httpx.AsyncClient) -> tuple[str, float]:
    """Submit one order; return its id, and how long that took."""
    start = time.monotonic()
    answer = await client.post("/api/orders/execute", json=ORDER)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["orderId"]), time.monotonic() - start


async def orders_are_taken(client: httpx.AsyncClient, usual: float) -> list[str]:
    """Check that orders are accepted one after the other and many at once, hardly later than usual."""
    taken = [await seconds_of(client) for _ in range(10)]
    taken += await asyncio.gather(*(seconds_of(client) for _ in range(20)))
    taken += [await seconds_of(client) for _ in range(5)]
    assert max(seconds for _, seconds in taken) < usual + SLOWER_SECONDS
    return [order_id for order_id, _ in taken]


async def usually(client: httpx.AsyncClient) -> float:
    return median([(await seconds_of(client))[1] for _ in range(10)])


async def all_run(fleet: Fleet, client: httpx.AsyncClient, order_ids: list[str]) -> None:
    orders = await all_final(client, order_ids, BACK_SECONDS)
    assert {(order["status"], order["attempt"]) for order in orders} == {("confirmed", 1)}
    stories_are_whole(fleet.settings)


Ways = Callable[[LocalRedis], object]
WAYS: dict[str, tuple[Ways, Ways]] = {
    "refused": (LocalRedis.stop, LocalRedis.start),
    "hanging": (LocalRedis.pause, LocalRedis.resume),
    "killed": (LocalRedis.kill, LocalRedis.start),
}


@pytest.mark.parametrize("way", WAYS)
async def test_while_it_is_away_orders_are_taken(fleet: Fleet, client: httpx.AsyncClient, way: str) -> None:
    harm, heal = WAYS[way]
    usual = await usually(client)
    order_ids = await submit(client, 20)
    await asyncio.to_thread(harm, fleet.redis)
    try:
        order_ids += await orders_are_taken(client, usual)
        ready = await client.get(f"{fleet.api.operations}/health/ready")
        assert (ready.status_code, ready.json()["checks"]["redis"]) == (200, "degraded")
        assert (await client.get("/health/live")).status_code == 200
    finally:
        await asyncio.to_thread(heal, fleet.redis)
    await all_run(fleet, client, order_ids)


async def test_restarts_under_load_lose_nothing(fleet: Fleet, client: httpx.AsyncClient) -> None:
    healed = asyncio.Event()

    async def stream() -> list[str]:
        accepted = []
        while not healed.is_set():
            accepted += await submit(client, 1)
            await asyncio.sleep(0.02)
        return accepted

    streams = [asyncio.create_task(stream()) for _ in range(3)]
    for harm in (LocalRedis.stop, LocalRedis.kill, LocalRedis.stop):
        await asyncio.to_thread(harm, fleet.redis)
        await asyncio.to_thread(fleet.redis.start)
    healed.set()
    await all_run(fleet, client, [order_id for accepted in await asyncio.gather(*streams) for order_id in accepted])


async def test_while_it_loads_its_data(fleet: Fleet, client: httpx.AsyncClient, redis: Redis) -> None:
    usual = await usually(client)
    await redis.mset({f"other:{n}": "x" * 1024 for n in range(KEYS)})
    await redis.bgrewriteaof()

    async def rewritten() -> bool:
        about = await redis.info("persistence")
        return not about["aof_rewrite_in_progress"] and not about["aof_rewrite_scheduled"]

    await eventually(rewritten)
    await asyncio.to_thread(fleet.redis.stop)
    fleet.redis.options.update(LOADING)
    starting = asyncio.create_task(asyncio.to_thread(fleet.redis.start))

    async def loads() -> bool:
        try:
            return bool((await redis.info("persistence"))["loading"])
        except (RedisError, OSError):
            return False

    try:
        await eventually(loads)
        order_ids = await orders_are_taken(client, usual)
        assert not starting.done()
    finally:
        await starting
        fleet.redis.options.clear()
        await redis.delete(*(f"other:{n}" for n in range(KEYS)))
    await all_run(fleet, client, order_ids)


async def read_only(redis: Redis) -> None:
    await redis.replicaof("127.0.0.1", "1")


async def writable(redis: Redis) -> None:
    await redis.replicaof("NO", "ONE")


async def out_of_memory(redis: Redis) -> None:
    await redis.config_set("maxmemory", "1")


async def memory_again(redis: Redis) -> None:
    await redis.config_set("maxmemory", "0")


REFUSALS = {
    "READONLY": ("read only", read_only, writable),
    "OOM": ("maxmemory", out_of_memory, memory_again),
}


@pytest.mark.parametrize("refusal", REFUSALS)
async def test_while_it_refuses_writes(fleet: Fleet, client: httpx.AsyncClient, redis: Redis, refusal: str) -> None:
    await refused_meanwhile(fleet, client, redis, *REFUSALS[refusal])


async def test_while_it_cannot_save(fleet: Fleet, client: httpx.AsyncClient, redis: Redis) -> None:
    """A folder stands where its snapshot should go: the save fails, and it says MISCONF to every write."""
    snapshot = Path(str((await redis.config_get("dir"))["dir"])) / "dump.rdb"

    async def harm(redis: Redis) -> None:
        snapshot.mkdir()
        await redis.config_set("save", "3600 1000000")
        await redis.bgsave()

        async def failed() -> bool:
            return str((await redis.info("persistence"))["rdb_last_bgsave_status"]) == "err"

        await eventually(failed)

    async def heal(redis: Redis) -> None:
        snapshot.rmdir()
        await redis.config_set("save", "")

    await refused_meanwhile(fleet, client, redis, "save|MISCONF", harm, heal)


async def refused_meanwhile(
    fleet: Fleet,
    client: httpx.AsyncClient,
    redis: Redis,
    words: str,
    harm: Callable[[Redis], Awaitable[None]],
    heal: Callable[[Redis], Awaitable[None]],
) -> None:
    usual = await usually(client)
    order_ids = await submit(client, 20)
    await harm(redis)
    try:
        with pytest.raises(ResponseError, match=words):
            await redis.set("probe", "1")
        order_ids += await orders_are_taken(client, usual)
    finally:
        await heal(redis)
    await all_run(fleet, client, order_ids)
