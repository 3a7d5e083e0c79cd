"""The live feed while Redis, workers, APIs and clients come and go: sockets stay, or go on where they were."""

import asyncio
import base64
import gc
import os
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from redis.asyncio import Redis

from adapters.postgres.order_store import PostgresOrderStore
from adapters.redis import channel
from adapters.redis.clients import feed_client
from adapters.redis.update_feed import RedisUpdateFeed
from application.frames import Frame
from application.watch_order import Watcher
from entrypoints.web.server import ServerTimes
from tests import servers
from tests.api import Engine, running_api
from tests.builders import an_order
from tests.clients import ORDER, Fleet, Follower, rows, running_fleet, stories_are_whole, submit
from tests.contracts.order_store_harness import append, clean_run
from tests.eventually import eventually
from tests.processes import EngineProcess, running

# What is promised is 4 s; a busy machine may add to it.
STORE_SECONDS = 4.0 + 1.0
CLEAN = [0, 1, 2, 3, 4, 5]
SLOW = {"MOCK_BUILD_MS": "700", "MOCK_SWAP_MIN_MS": "1500", "MOCK_SWAP_MAX_MS": "2500", "LEASE_SECONDS": "10"}
SOCKETS = 10_000
WARM = 3000  # so many, and a process is as large as it gets
AT_ONCE = 500


@pytest.fixture(scope="module")
def fleet(postgres_url: str) -> Iterator[Fleet]:
    with servers.empty_database(postgres_url) as database_url, running_fleet(database_url, SLOW) as fleet:
        yield fleet


@pytest.fixture
async def client(fleet: Fleet) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=fleet.api.url, timeout=10) as client:
        yield client


@pytest.fixture
async def redis(fleet: Fleet) -> AsyncIterator[Redis]:
    async with Redis.from_url(fleet.redis.url) as redis:
        yield redis


@pytest.fixture
async def store(fleet: Fleet) -> AsyncIterator[PostgresOrderStore]:
    store = PostgresOrderStore(fleet.settings["POSTGRES_URL"])
    await store.open()
    yield store
    await store.close()


def all_have(followers: list[Follower], seq: int) -> bool:
    return all(seq in follower.seqs for follower in followers)


@pytest.mark.parametrize("trouble", ["restarts", "hangs", "cuts connections"])
async def test_sockets_outlive_redis(fleet: Fleet, client: httpx.AsyncClient, redis: Redis, trouble: str) -> None:
    followers = [Follower([fleet.api.url], order_id) for order_id in await submit(client, 20) for _ in range(2)]
    following = asyncio.gather(*(follower.follow() for follower in followers))
    await eventually(lambda: all_have(followers, 3))
    if trouble == "cuts connections":
        while not following.done():
            await redis.client_kill_filter(_type="pubsub")
            await asyncio.sleep(0.05)
    else:
        await asyncio.to_thread(fleet.redis.kill if trouble == "restarts" else fleet.redis.pause)
        try:
            await eventually(lambda: all_have(followers, 5))  # while it is away
        finally:
            await asyncio.to_thread(fleet.redis.start if trouble == "restarts" else fleet.redis.resume)
    await following
    for follower in followers:
        assert (follower.seqs, follower.codes) == (CLEAN, [1000])
        assert follower.late < STORE_SECONDS
    stories_are_whole(fleet.settings)


@pytest.mark.parametrize("told", [0, 3], ids=["nothing", "the first three"])
async def test_what_was_stored_and_never_published_reaches_every_socket(
    fleet: Fleet, store: PostgresOrderStore, told: int
) -> None:
    """A worker died between commit and publish: the store has it, no channel ever will."""
    orders = [an_order() for _ in range(10)]
    for order in orders:
        await store.add(order)
        await append(store, clean_run(order)[0])
    followers = [Follower([fleet.api.url], order.order_id) for order in orders for _ in range(5)]
    following = asyncio.gather(*(follower.follow() for follower in followers))
    await eventually(lambda: all_have(followers, 1))

    feed_redis = feed_client(fleet.redis.url)
    feed = RedisUpdateFeed(feed_redis)
    await feed.open()
    for order in orders:
        for step in clean_run(order)[1:]:
            frame = await append(store, step)
            if frame.seq <= told:
                feed.publish([frame])
    committed = time.monotonic()
    await following
    assert time.monotonic() - committed < STORE_SECONDS
    assert all((follower.seqs, follower.codes) == (CLEAN, [1000]) for follower in followers)
    await feed.close()
    await feed_redis.aclose()


@pytest.mark.parametrize("end", ["terminate", "kill"])
async def test_a_client_goes_on_at_another_api_where_it_was(fleet: Fleet, end: str) -> None:
    with running("api", settings=fleet.settings) as first:
        async with httpx.AsyncClient(base_url=first.url, timeout=10) as client:
            order_ids = await submit(client, 20)
        urls = [first.url]
        followers = [Follower(urls, order_id) for order_id in order_ids]
        following = asyncio.gather(*(follower.follow() for follower in followers))
        await eventually(lambda: all_have(followers, 3))
        urls[:] = [fleet.api.url]
        await asyncio.to_thread(getattr(first, end))
        await following
    for follower in followers:
        assert (follower.seqs, follower.codes) == (CLEAN, [1012 if end == "terminate" else 1006, 1000])


async def handshake(api_url: str, order_id: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a socket as cheaply as can be, and see it accepted."""
    address = httpx.URL(api_url)
    reader, writer = await asyncio.open_connection(address.host, address.port)
    key = base64.b64encode(os.urandom(16)).decode()
    writer.write(
        f"GET /ws/orders/{order_id} HTTP/1.1\r\nHost: {address.host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
    )
    assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
    return reader, writer


async def open_and_drop(api_url: str, order_ids: list[str]) -> None:
    """Open many sockets at once and leave without a word; every second one in the middle of the story's first frame."""

    async def visit(number: int) -> None:
        reader, writer = await handshake(api_url, order_ids[number % len(order_ids)])
        if number % 2:
            await reader.read(1)
        writer.transport.abort()

    await asyncio.gather(*map(visit, range(AT_ONCE)))


def descriptors(process: EngineProcess) -> int:
    return len(list(Path(f"/proc/{process.process.pid}/fd").iterdir()))


def resident_bytes(process: EngineProcess) -> int:
    pages = Path(f"/proc/{process.process.pid}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


async def test_thousands_of_sockets_leave_nothing_behind(fleet: Fleet, store: PostgresOrderStore, redis: Redis) -> None:
    orders = [an_order() for _ in range(100)]
    await asyncio.gather(*(store.add(order) for order in orders))
    order_ids = [order.order_id for order in orders]
    rows(fleet.settings, "UPDATE orders SET held = true WHERE version = 0 RETURNING id")  # so that they never end
    # However late the engine gets to read what they say: they come all at once, from one address.
    settings = {**fleet.settings, "NEW_CONNECTIONS_PER_ADDRESS": str(2 * AT_ONCE)}
    with running("api", settings=settings) as api:
        bytes_before = 0
        for opened in range(0, SOCKETS, AT_ONCE):
            await open_and_drop(api.url, order_ids)
            await eventually(lambda: descriptors(api) < AT_ONCE / 10)  # never more than so many at once
            if opened == WARM:
                bytes_before = resident_bytes(api)
        await eventually(lambda: no_channel_of(redis, order_ids))
        assert resident_bytes(api) - bytes_before < 16 << 20
        async with httpx.AsyncClient(base_url=api.url) as client:
            assert (await client.get("/health/ready")).status_code == 200


async def no_channel_of(redis: Redis, order_ids: list[str]) -> bool:
    open_channels = set(await redis.pubsub_channels(f"{channel.PREFIX}*"))
    return open_channels.isdisjoint(map(channel.channel_of, order_ids))


def watchers() -> int:
    gc.collect()
    return sum(isinstance(thing, Watcher) for thing in gc.get_objects())


async def test_sockets_that_are_dropped_leave_no_object_behind() -> None:
    before = watchers()
    async with running_api() as api:
        order_id = await api.submit()
        for _ in range(3):
            await open_and_drop(api.url, [order_id])
        await eventually(lambda: api.drain.open_sockets == 0)
        await eventually(lambda: watchers() <= before)


async def test_a_client_that_reads_nothing_is_bounded_and_freed(fleet: Fleet) -> None:
    before = watchers()
    redis = feed_client(fleet.redis.url)
    feed = RedisUpdateFeed(redis)
    await feed.open()
    times = ServerTimes(ping_seconds=0.5, pong_seconds=0.5)
    async with running_api(Engine(feed=feed), times=times) as api:
        order_id = await api.submit()
        _, writer = await handshake(api.url, order_id)
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        long = '"status":"routing","message":"' + "x" * 20_000
        for seq in range(1, 400):
            text = f'{{"orderId":"{order_id}","userId":"user123","seq":{seq},{long}"}}'
            feed.publish([Frame(order_id, "user123", seq, False, text)])
        await eventually(lambda: api.drain.open_sockets == 0)
        await eventually(lambda: watchers() <= before)
        assert (await api.http.post("/api/orders/execute", json=ORDER)).status_code == 202
        writer.transport.abort()
    await feed.close()
    await redis.aclose()
