"""The feed of all orders: the frames that the orders' own sockets send, as they happen, to whoever keeps up."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
import websockets

from adapters.memory.update_feed import InMemoryUpdateFeed
from application.frames import Frame
from application.mailbox import MAILBOX_BYTES, MAILBOX_FRAMES
from application.ports.update_feed import Sink
from tests.api import Api, Engine, rest_of, running_api
from tests.eventually import eventually


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    async with running_api() as api:
        yield api


async def texts(socket: websockets.ClientConnection, many: int) -> list[str]:
    async with asyncio.timeout(10):
        return [await socket.recv(decode=True) for _ in range(many)]


async def silent(socket: websockets.ClientConnection) -> bool:
    """Whether nothing has come that was sent before the answer to a ping."""
    await (await socket.ping())
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(socket.recv(), 0.01)
    return True


async def test_the_feed_has_the_bytes_of_the_orders_sockets(api: Api) -> None:
    async with api.connect_feed() as feed:
        one, other = await api.submit(), await api.submit()
        for order_id in (one, other):
            await api.engine.execute(order_id)
        told = await texts(feed, 12)
        for order_id in (one, other):
            frames, _ = await api.watch(order_id)
            assert [text for text in told if json.loads(text)["orderId"] == order_id] == frames
        assert await silent(feed)  # final orders do not end it


async def test_the_feed_repeats_nothing(api: Api) -> None:
    await api.engine.execute(await api.submit())
    async with api.connect_feed() as feed:
        assert await silent(feed)


async def test_the_feed_of_one_user(api: Api) -> None:
    async with api.connect_feed("?userId=%20anna%20") as anna, api.connect_feed("?userId=b%C3%A9rt") as bert:
        for user in ("anna", "bért", "Anna"):
            await api.submit(userId=user)
        assert [json.loads(text)["userId"] for text in await texts(anna, 1)] == ["anna"]
        assert [json.loads(text)["userId"] for text in await texts(bert, 1)] == ["bért"]
        assert await silent(anna)
        assert await silent(bert)


@pytest.mark.parametrize(
    "query",
    [
        "afterSeq=1",
        "afterSeq=",
        "other=1",
        "decimals=x",
        "userId=",
        "userId=%20",
        "userId=a&userId=b",
        "userId=%00",
        f"userId={'a' * 256}",
    ],
    ids=lambda query: str(query)[:20],
)
async def test_a_bad_query(api: Api, query: str) -> None:
    async with api.connect_feed(f"?{query}") as feed:
        assert await rest_of(feed) == ([], 4400)
        assert query.partition("=")[0] in (feed.close_reason or "")


async def test_a_foreign_page_is_refused(api: Api) -> None:
    with pytest.raises(websockets.InvalidStatus) as refusal:
        await api.connect_feed(origin=websockets.Origin("https://evil.example"))
    assert refusal.value.response.status_code == 403


async def test_a_draining_server_sends_clients_away(api: Api) -> None:
    async with api.connect_feed() as early:
        await eventually(lambda: api.drain.open_sockets == 1)
        api.drain.begin()
        async with api.connect_feed() as late:
            assert await rest_of(late) == ([], 1012)
        await api.drain.close_sockets()
        assert await rest_of(early) == ([], 1012)


async def test_all_kinds_of_sockets_count_together() -> None:
    async with running_api(sockets_most=2) as api:
        order_id = await api.submit()
        async with api.connect_feed() as feed, api.connect(order_id) as socket:
            await socket.recv()
            await eventually(lambda: api.drain.open_sockets == 2)
            assert await api.watch(order_id) == ([], 1013)
            async with api.connect_feed() as one_more:
                assert await rest_of(one_more) == ([], 1013)
            await api.submit()
            assert await feed.recv()


async def test_a_burst_in_one_go_reaches_a_client_that_reads(api: Api) -> None:
    async with api.connect_feed() as feed:
        await eventually(lambda: api.drain.open_sockets == 1)
        api.engine.feed.publish(Frame("order", "u", n, False, str(n)) for n in range(4 * MAILBOX_FRAMES))
        assert await texts(feed, 4 * MAILBOX_FRAMES) == [str(n) for n in range(4 * MAILBOX_FRAMES)]


async def test_more_at_once_than_may_wait(api: Api) -> None:
    async with api.connect_feed() as feed:
        await eventually(lambda: api.drain.open_sockets == 1)
        api.engine.feed.publish(Frame("order", "u", n, False, "x" * (MAILBOX_BYTES // 4)) for n in range(5))
        assert await rest_of(feed) == ([], 1013)
        assert feed.close_reason == "slow_watcher"


class CountingFeed(InMemoryUpdateFeed):
    """Counts the subscriptions to all orders that are open."""

    subscriptions = 0

    def subscribe_all(self, sink: Sink) -> AbstractAsyncContextManager[None]:
        return self._counted(super().subscribe_all(sink))

    @asynccontextmanager
    async def _counted(self, subscription: AbstractAsyncContextManager[None]) -> AsyncIterator[None]:
        async with subscription:
            self.subscriptions += 1
            try:
                yield
            finally:
                self.subscriptions -= 1


@pytest.mark.parametrize("leave", ["close", "abort"])
async def test_a_client_that_leaves_frees_everything_at_once(leave: str) -> None:
    feed = CountingFeed()
    async with running_api(Engine(feed=feed)) as api:
        socket = await api.connect_feed()
        await eventually(lambda: feed.subscriptions == 1 and api.drain.open_sockets == 1)
        if leave == "close":
            await socket.close()
        else:
            socket.transport.abort()
        await eventually(lambda: feed.subscriptions == 0 and api.drain.open_sockets == 0, within=2)


async def test_refused_clients_leave_no_subscription() -> None:
    feed = CountingFeed()
    async with running_api(Engine(feed=feed), sockets_most=0) as api:
        for query in ("", "?afterSeq=1"):
            async with api.connect_feed(query) as socket:
                await rest_of(socket)
        await eventually(lambda: feed.subscriptions == 0, within=2)
