"""The socket of all orders, and the engine at a glance, on a real Redis: bursts, and a server that comes and goes."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
import websockets
from redis import Redis

from adapters.redis import channel, publisher, subscriber
from adapters.redis.clients import feed_client, queue_client
from adapters.redis.order_queue import RedisOrderQueue
from adapters.redis.queue_operations import RedisQueueOperations
from adapters.redis.update_feed import RedisUpdateFeed
from application.engine_stats import FRESH_SECONDS
from application.frames import Frame
from application.present_servers import ASK_SECONDS
from entrypoints.dev.servers import LocalRedis
from tests.api import Api, Engine, running_api
from tests.eventually import eventually

BURST = 10_000
BUSY_SECONDS = 0.5  # what a busy machine may add


@pytest.fixture
def server(server_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalRedis]:
    monkeypatch.setattr(subscriber, "REST_SECONDS", 0.05)
    monkeypatch.setattr(publisher, "REST_SECONDS", 0.05)
    with LocalRedis(server_dir / "redis", options={"appendonly": "no"}) as server:
        yield server
        server.resume()


@pytest.fixture
async def api(server: LocalRedis) -> AsyncIterator[Api]:
    """An API on Redis and a store in memory."""
    clients = feed_client(server.url), queue_client(server.url)
    feed, queue = RedisUpdateFeed(clients[0]), RedisOrderQueue(clients[1], "w1", lease_seconds=60)
    await feed.open()
    await queue.open()
    operations = RedisQueueOperations(clients[1])
    async with running_api(Engine(feed=feed, queue=queue, operations=operations)) as api:
        yield api
    await feed.close()
    await queue.close()
    await operations.close()
    for client in clients:
        await client.aclose()


def a_frame(order_id: str, seq: int) -> Frame:
    text = f'{{"orderId":"{order_id}","userId":"u","seq":{seq},"status":"routing","message":"{"x" * 100}"}}'
    return Frame(order_id, "u", seq, False, text)


async def hears(api: Api, socket: websockets.ClientConnection) -> bool:
    """Whether the socket tells of a new order."""
    order_id = await api.submit()
    with suppress(TimeoutError):
        async with asyncio.timeout(0.3):
            while json.loads(await socket.recv())["orderId"] != order_id:
                pass
            return True
    return False


async def test_a_client_that_reads_sees_all_of_a_burst(api: Api, server: LocalRedis) -> None:
    """All of it waits at Redis and in the network before the process comes to read it, as after a stall."""
    texts = [a_frame("order", seq).text for seq in range(BURST)]
    async with api.connect_feed() as socket:
        with Redis.from_url(server.url) as redis, redis.pipeline(transaction=False) as pipeline:
            for text in texts:
                pipeline.publish(f"{channel.PREFIX}order", text)
            pipeline.execute()  # and the event loop stands still meanwhile
        async with asyncio.timeout(20):
            assert [await socket.recv(decode=True) for _ in texts] == texts


async def test_an_open_socket_misses_nothing(api: Api) -> None:
    """Also the first in its process, for which the connection to Redis is made."""
    async with api.connect_feed() as socket:
        order_id = await api.submit()
        assert json.loads(await socket.recv())["orderId"] == order_id


async def test_a_socket_outlives_redis(api: Api, server: LocalRedis) -> None:
    async with api.connect_feed() as socket:
        await asyncio.to_thread(server.kill)
        await api.submit()  # nobody will ever tell of this one
        async with api.connect_feed() as late:
            await asyncio.to_thread(server.start)
            await eventually(partial(hears, api, socket))
            await eventually(partial(hears, api, late))


async def test_stats_while_redis_hangs(api: Api, server: LocalRedis) -> None:
    async def stats() -> tuple[object, float]:
        started = time.monotonic()
        answer = await api.http.get("/api/stats")
        assert answer.status_code == 200
        return answer.json()["queue"], time.monotonic() - started

    counts = {"waiting": 1, "leased": 0, "delayed": 0, "buried": 0, "paused": False}

    async def back() -> bool:
        return (await stats())[0] == counts

    await api.submit()
    await eventually(back)
    await asyncio.to_thread(server.pause)
    await asyncio.sleep(FRESH_SECONDS)
    answers = await asyncio.gather(*(stats() for _ in range(20)))
    assert max(seconds for _, seconds in answers) < ASK_SECONDS + BUSY_SECONDS

    async def away() -> bool:
        return (await stats())[0] is None

    await eventually(away)
    await asyncio.to_thread(server.resume)
    await eventually(back)
