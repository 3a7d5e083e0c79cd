"""The Redis update feed keeps the contract, and is modest with its server."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from redis.asyncio import Redis

from adapters.redis import keys, publisher
from adapters.redis.clients import feed_client
from adapters.redis.own_connection import OwnConnection
from adapters.redis.script import Script
from adapters.redis.update_feed import RedisUpdateFeed
from application.frames import Frame
from tests.contracts.update_feed import UpdateFeedContract, UpdateFeedHarness, a_frame, arrive
from tests.eventually import eventually


@pytest.fixture
async def client(redis_db_url: str) -> AsyncIterator[Redis]:
    """A client for looking at the server; the feeds have their own."""
    client = feed_client(redis_db_url)
    yield client
    await client.aclose()


@pytest.fixture
async def harness(redis_db_url: str) -> AsyncIterator[UpdateFeedHarness]:
    client, other_client = feed_client(redis_db_url), feed_client(redis_db_url)
    feed, elsewhere = RedisUpdateFeed(client), RedisUpdateFeed(other_client)
    await feed.open()
    await elsewhere.open()

    async def close() -> None:
        await feed.close()
        await elsewhere.close()

    yield UpdateFeedHarness(feed, elsewhere, close)
    await close()
    await client.aclose()
    await other_client.aclose()


@pytest.fixture
def feed(harness: UpdateFeedHarness) -> RedisUpdateFeed:
    assert isinstance(harness.feed, RedisUpdateFeed)
    return harness.feed


class TestRedisUpdateFeed(UpdateFeedContract):
    @pytest.fixture
    def harness(self, harness: UpdateFeedHarness) -> UpdateFeedHarness:
        return harness


async def test_a_message_is_the_frames_text_on_the_orders_channel(feed: RedisUpdateFeed, client: Redis) -> None:
    async with client.pubsub() as channel:
        await channel.subscribe("updates:a")
        await eventually(lambda: channel.get_message(timeout=1))
        feed.publish([a_frame("a")])
        message = await eventually(lambda: channel.get_message(timeout=1))
    assert message["data"].decode() == a_frame("a").text


async def test_a_channel_without_a_message_harms_no_other(client: Redis) -> None:
    async with client.pubsub() as channel:
        await channel.subscribe("updates:a")
        await eventually(lambda: channel.get_message(timeout=1))
        publish = Script(OwnConnection(client), "publish", keys.NOTHING, limit=1, after="primary")
        await publish(("updates:b\none\nupdates:a\ntwo\nupdates:a",))
        message = await eventually(lambda: channel.get_message(timeout=1))
    assert message["data"] == b"two"


async def test_messages_that_are_no_frames_of_the_order_are_ignored(feed: RedisUpdateFeed, client: Redis) -> None:
    got: list[Frame] = []
    good = json.loads(a_frame("a").text)
    async with feed.subscribe("a", got.append), feed.subscribe_all(got.append):
        await client.publish("updates:a", b"")
        await client.publish("updates:a", b"\xff\xfe")
        await client.publish("updates:a", b"[]")
        await client.publish("updates:a", json.dumps({**good, "message": "\xff"}, ensure_ascii=False).encode("latin-1"))
        for wrong in ({"orderId": "b"}, {"seq": "1"}, {"seq": None}, {"status": "unheard of"}, {"userId": 1}):
            await client.publish("updates:a", json.dumps({**good, **wrong}))
        await client.publish("updates:a", a_frame("a").text)
        await arrive(got, 2)
    assert got == [a_frame("a")] * 2


async def test_one_connection_listens_whatever_the_number_of_subscribers(feed: RedisUpdateFeed, client: Redis) -> None:
    await client.config_resetstat()
    async with AsyncExitStack() as stack:
        contexts = [feed.subscribe(f"{n % 1000}", lambda frame: None) for n in range(3000)]
        contexts.append(feed.subscribe_all(lambda frame: None))
        await asyncio.gather(*(stack.enter_async_context(context) for context in contexts))
        await eventually(lambda: _all_subscribed(client, 1000))  # on a busy machine later than `subscribe` waits
        assert len(await client.client_list(_type="pubsub")) == 1
        assert (await client.info("commandstats"))["cmdstat_subscribe"]["calls"] <= 4
        assert await client.pubsub_numpat() == 1
    await eventually(lambda: _nobody_subscribed(client))
    assert (await client.info("commandstats"))["cmdstat_unsubscribe"]["calls"] <= 3


async def test_a_process_that_only_publishes_does_not_listen(harness: UpdateFeedHarness, client: Redis) -> None:
    got: list[Frame] = []
    async with harness.feed.subscribe("a", got.append):
        harness.elsewhere.publish([a_frame("a")])
        await arrive(got)
        assert len(await client.client_list(_type="pubsub")) == 1


async def test_many_frames_go_in_few_calls(feed: RedisUpdateFeed, client: Redis) -> None:
    got: list[Frame] = []
    async with feed.subscribe("a", got.append):
        feed.publish([a_frame("a", 0)])
        await arrive(got)
        await client.config_resetstat()
        for seq in range(1, 2000):
            feed.publish([a_frame("a", seq)])
        await arrive(got, 2000)
    assert (await client.info("commandstats"))["cmdstat_evalsha"]["calls"] == 4


async def test_of_too_many_waiting_frames_the_oldest_go(feed: RedisUpdateFeed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publisher, "WAITING_MOST", 10)
    got: list[Frame] = []
    async with feed.subscribe("a", got.append):
        feed.publish([a_frame("a", seq) for seq in range(25)])
        await arrive(got, 10)
    assert [frame.seq for frame in got] == list(range(15, 25))
    assert feed.dropped == 15


async def test_closing_sends_what_waits(harness: UpdateFeedHarness) -> None:
    got: list[Frame] = []
    async with harness.elsewhere.subscribe("a", got.append):
        harness.feed.publish([a_frame("a", seq) for seq in range(2000)])
        assert isinstance(harness.feed, RedisUpdateFeed)
        await harness.feed.close()
        await arrive(got, 2000)
    assert harness.feed.dropped == 0


async def _all_subscribed(client: Redis, channels: int) -> bool:
    return len(await _channels(client)) == channels and bool(await client.pubsub_numpat())


async def _nobody_subscribed(client: Redis) -> bool:
    return not await _channels(client) and not await client.pubsub_numpat()


async def _channels(client: Redis) -> list[str]:
    """Return the channels of orders that are subscribed to; each process has one more for itself."""
    channels = [bytes(channel).decode() for channel in await client.pubsub_channels()]  # type: ignore[arg-type]
    return [channel for channel in channels if ":probe:" not in channel]
