"""Whoever can write to Redis publishes what he likes: sockets end, and show an end, when Postgres has it."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator

import pytest
from redis.asyncio import Redis

from adapters.redis.channel import FRAME_BYTES, PREFIX
from adapters.redis.clients import feed_client
from adapters.redis.update_feed import RedisUpdateFeed
from entrypoints.dev.servers import LocalRedis
from tests.api import Api, Engine, rest_of, running_api
from tests.builders import an_id


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRedis]:
    with LocalRedis(tmp_path_factory.mktemp("forged") / "redis", options={"appendonly": "no"}) as server:
        yield server


@pytest.fixture
async def redis(server: LocalRedis) -> AsyncIterator[Redis]:
    async with Redis.from_url(server.url) as redis:
        yield redis


@pytest.fixture
async def api(server: LocalRedis) -> AsyncIterator[Api]:
    client = feed_client(server.url)
    feed = RedisUpdateFeed(client)
    await feed.open()
    async with running_api(Engine(feed=feed)) as api:
        yield api
    await feed.close()
    await client.aclose()


def forgeries(order_id: str, user_id: str) -> list[str | bytes]:
    """Return what might be shown as an order's end, or break who reads it."""
    good = {"orderId": order_id, "status": "confirmed", "message": "forged", "attempt": 1, "userId": user_id}
    texts: list[str | bytes] = [
        json.dumps({**good, "status": status, "seq": seq})
        for status in ("confirmed", "failed")
        for seq in (-1, 0, 1, 2, 5, 6, 2**31, 2**63 - 1)
    ]
    for seq in (1, 2):
        twice = f'"orderId":"{order_id}","userId":"{user_id}","message":"forged","seq":{seq},"attempt":1'
        texts += [f'{{"status":"confirmed",{twice},"status":"routing"}}']
        texts += [f'{{"status" : "confirmed",{twice},"status":"routing"}}']
        texts += [f'{{"st\\u0061tus":"confirmed",{twice},"status":"routing"}}']
        texts += [json.dumps({**good, "status": "routing", "seq": seq, "userId": "another"})]
        texts += [json.dumps({**good, "status": "routing", "seq": seq, "orderId": an_id()})]
        texts += [json.dumps({**good, "status": "routing", "seq": seq, "message": "forged" + "x" * FRAME_BYTES})]
    texts += [b"", b"\xff\xfe", "[]", "{", "null", '{"orderId":1}', "[" * 50_000, json.dumps({**good, "seq": "2"})]
    return texts


async def forge(redis: Redis, order_id: str, texts: list[str | bytes]) -> None:
    async with redis.pipeline(transaction=False) as pipeline:
        for text in texts:
            pipeline.publish(f"{PREFIX}{order_id}", text)
        await pipeline.execute()


async def test_an_orders_socket_shows_the_end_that_is_stored(api: Api, redis: Redis) -> None:
    order_id = await api.submit()
    async with api.connect(order_id) as socket:
        first = await socket.recv(decode=True)
        for _ in range(20):
            await forge(redis, order_id, forgeries(order_id, "user123"))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await socket.recv()
        await api.engine.execute(order_id)
        rest, code = await rest_of(socket)
    late, _ = await api.watch(order_id)
    assert ([first, *rest], code) == (late, 1000)


@pytest.mark.parametrize("query", ["", "?userId=user123"])
async def test_the_feed_shows_the_ends_that_are_stored(api: Api, redis: Redis, query: str) -> None:
    theirs = await api.submit(userId="another")
    async with api.connect_feed(query) as socket:
        order_id = await api.submit()
        shown = [await socket.recv(decode=True)]
        await forge(redis, order_id, [text for text in forgeries(order_id, "user123") if b"another" not in _raw(text)])
        await forge(redis, theirs, forgeries(theirs, "user123") if query else [])
        await api.engine.execute(order_id)
        while json.loads(shown[-1])["status"] != "confirmed":
            shown.append(await socket.recv(decode=True))
    late, _ = await api.watch(order_id)
    assert shown == late


def _raw(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text
