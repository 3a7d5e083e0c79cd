"""What the Redis update feed does when its server dies, hangs, or cuts connections."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from attrs import define, field
from redis.asyncio import Redis

from adapters.redis import publisher, subscriber
from adapters.redis.clients import feed_client
from adapters.redis.update_feed import RedisUpdateFeed
from application.frames import Frame
from application.ports.errors import QueueUnavailable
from entrypoints.dev.servers import LocalRedis
from tests.contracts.update_feed import a_frame
from tests.eventually import eventually

# What the server may take of a subscriber's time, and what a busy machine may add to it.
SUBSCRIBE_SECONDS = 0.2 + 0.3


@define
class Inbox:
    """Three subscriptions of one feed, and whether frames that are published now reach them all."""

    feed: RedisUpdateFeed
    got: dict[str, list[Frame]] = field(factory=lambda: {"a": [], "b": [], "*": []})

    async def works(self) -> bool:
        for frames in self.got.values():
            frames.clear()
        self.feed.publish([a_frame("a"), a_frame("b")])
        try:
            await eventually(lambda: [len(frames) for frames in self.got.values()] == [1, 1, 2], within=0.3)
        except AssertionError:
            return False
        return True


@pytest.fixture
def server(server_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalRedis]:
    monkeypatch.setattr(subscriber, "REST_SECONDS", 0.05)
    monkeypatch.setattr(publisher, "REST_SECONDS", 0.05)
    with LocalRedis(server_dir / "redis", options={"appendonly": "no"}) as server:
        yield server
        server.resume()


@pytest.fixture
async def client(server: LocalRedis) -> AsyncIterator[Redis]:
    client = feed_client(server.url)
    yield client
    await client.aclose()


@pytest.fixture
async def feed(client: Redis) -> AsyncIterator[RedisUpdateFeed]:
    feed = RedisUpdateFeed(client)
    await feed.open()
    yield feed
    await feed.close()


@pytest.fixture
async def inbox(feed: RedisUpdateFeed) -> AsyncIterator[Inbox]:
    inbox = Inbox(feed)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(feed.subscribe("a", inbox.got["a"].append))
        await stack.enter_async_context(feed.subscribe("b", inbox.got["b"].append))
        await stack.enter_async_context(feed.subscribe_all(inbox.got["*"].append))
        assert await inbox.works()
        yield inbox


async def subscribing(feed: RedisUpdateFeed, order_id: str = "new") -> float:
    """Subscribe and leave; return how many seconds that took."""
    start = time.monotonic()
    async with feed.subscribe(order_id, lambda frame: None):
        return time.monotonic() - start


async def test_after_a_cut_connection_all_subscriptions_are_there_again(client: Redis, inbox: Inbox) -> None:
    for _ in range(3):
        assert await client.client_kill_filter(_type="pubsub") == 1
        await eventually(inbox.works)
    assert len(await client.client_list(_type="pubsub")) == 1


async def test_after_a_restart_all_subscriptions_are_there_again(server: LocalRedis, inbox: Inbox) -> None:
    await asyncio.to_thread(server.stop)
    assert not await inbox.works()
    assert await subscribing(inbox.feed) < SUBSCRIBE_SECONDS
    await asyncio.to_thread(server.start)
    await eventually(inbox.works)


async def test_on_a_hanging_server_subscribing_is_short_and_publishing_costs_nothing(
    server: LocalRedis, inbox: Inbox
) -> None:
    server.pause()
    waits = await asyncio.gather(*(subscribing(inbox.feed, f"{n}") for n in range(100)))
    assert max(waits) < SUBSCRIBE_SECONDS
    start = time.monotonic()
    for seq in range(30_000):
        inbox.feed.publish([a_frame("a", seq)])
    assert time.monotonic() - start < 2
    assert inbox.feed.dropped >= 10_000
    server.resume()
    await eventually(inbox.works)


async def test_a_server_that_hangs_for_long_is_known_to_be_away(
    server: LocalRedis, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscriber, "SILENCE_SECONDS", 0.1)
    assert await inbox.works()
    server.pause()

    async def at_once() -> bool:
        return await subscribing(inbox.feed) < 0.1

    await eventually(at_once)
    server.resume()
    await eventually(inbox.works)


async def test_silence_alone_is_no_reason_to_connect_again(
    client: Redis, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscriber, "SILENCE_SECONDS", 0.02)
    await client.client_kill_filter(_type="pubsub")
    await eventually(inbox.works)
    (before,) = await client.client_list(_type="pubsub")
    (channel,) = await client.pubsub_channels("updates:probe:*")

    async with client.pubsub() as listener:
        await listener.subscribe(channel)
        for _ in range(6):  # its own answer, and five probes
            assert await listener.get_message(timeout=5)
            await inbox.works()
    assert before["id"] in {now["id"] for now in await client.client_list(_type="pubsub")}


async def test_a_feed_that_opens_before_its_server_finds_it_later(server: LocalRedis) -> None:
    await asyncio.to_thread(server.stop)
    client = feed_client(server.url)
    feed = RedisUpdateFeed(client)
    await feed.open()
    got: list[Frame] = []
    async with feed.subscribe("a", got.append):
        with pytest.raises(QueueUnavailable):
            await feed.ping()
        await asyncio.to_thread(server.start)

        def arrives() -> bool:
            feed.publish([a_frame("a")])
            return bool(got)

        await eventually(arrives)
    await feed.ping()
    await feed.close()
    await client.aclose()


@pytest.mark.parametrize("away", ["pause", "kill"])
async def test_closing_ends_soon_though_the_server_is_away(server: LocalRedis, inbox: Inbox, away: str) -> None:
    getattr(server, away)()
    inbox.feed.publish([a_frame("a", seq) for seq in range(5000)])
    start = time.monotonic()
    await inbox.feed.close()
    assert time.monotonic() - start < 3
    assert inbox.feed.dropped == 5000
