"""An order's socket: every frame once and in order, whenever a client comes, and a close code that says why."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any

import pytest
import websockets

from adapters.memory.order_store import InMemoryOrderStore
from adapters.memory.update_feed import InMemoryUpdateFeed
from application.frames import Frame
from application.mailbox import MAILBOX_BYTES
from application.ports.errors import StoreUnavailable
from application.ports.update_feed import Sink
from domain.order import Order
from tests.api import CLOCK, Api, Engine, rest_of, running_api
from tests.builders import an_id
from tests.eventually import eventually


def seqs(frames: Sequence[str]) -> list[int]:
    return [json.loads(frame)["seq"] for frame in frames]


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    async with running_api() as api:
        yield api


async def test_a_client_that_comes_early_sees_all(api: Api) -> None:
    order_id = await api.submit()
    async with api.connect(order_id) as socket:
        first = await socket.recv(decode=True)
        await api.engine.execute(order_id)
        rest, code = await rest_of(socket)
    assert seqs([first, *rest]) == [0, 1, 2, 3, 4, 5]
    assert json.loads(rest[-1])["status"] == "confirmed"
    assert code == 1000


async def test_a_client_that_comes_late_sees_the_same_bytes(api: Api) -> None:
    order_id = await api.submit()
    async with api.connect(order_id) as socket:
        await socket.recv()
        await api.engine.execute(order_id)
        live, _ = await rest_of(socket)
    late, code = await api.watch(order_id)
    assert (late[1:], code) == (live, 1000)
    events = (await api.http.get(f"/api/orders/{order_id}/events")).text
    assert events == f'{{"data":[{",".join(late)}]}}'


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?afterSeq=0", [1, 2, 3, 4, 5]),
        ("?afterSeq=3", [4, 5]),
        ("?afterSeq=5", []),
        ("?afterSeq=6", []),
        (f"?afterSeq={'9' * 3000}", []),
        ("?decimals=number", [0, 1, 2, 3, 4, 5]),
    ],
    ids=lambda value: str(value)[:20],
)
async def test_a_client_that_comes_back(api: Api, query: str, expected: list[int]) -> None:
    order_id = await api.submit()
    await api.engine.execute(order_id)
    frames, code = await api.watch(order_id, query)
    assert (seqs(frames), code) == (expected, 1000)


@pytest.mark.parametrize("value", ["-1", "x", "", "1.5", "+1", "%2B1", "%D9%A1", "null", "%00", "1&afterSeq=1"])
async def test_a_bad_after_seq(api: Api, value: str) -> None:
    order_id = await api.submit()
    assert await api.watch(order_id, f"?afterSeq={value}") == ([], 4400)


@pytest.mark.parametrize("query", ["?other=1", "?decimals=text", "?decimals=", "?decimals=string&decimals=string"])
async def test_a_bad_query(api: Api, query: str) -> None:
    async with api.connect(await api.submit(), query) as socket:
        assert await rest_of(socket) == ([], 4400)
        assert query[1:].partition("=")[0] in (socket.close_reason or "")


async def test_a_reason_is_cut_to_what_a_close_may_say(api: Api) -> None:
    query = "?" + "&".join(f"{'é' * 30}{n}=1" for n in range(20))
    async with api.connect(await api.submit(), query) as socket:
        assert await rest_of(socket) == ([], 4400)
        assert (socket.close_reason or "").startswith("é" * 30)


@pytest.mark.parametrize(
    "order_id", [an_id(), "not-a-uuid", an_id().replace("-", ""), "%00", "%ff", "%zz", "a%2Fb", "a" * 3000]
)
async def test_an_unknown_order(api: Api, order_id: str) -> None:
    assert await api.watch(order_id) == ([], 4404)


@pytest.mark.parametrize("path", ["/ws", "/ws/orders/a/b", "/api/orders", "/nope", "/"])
async def test_a_socket_elsewhere(api: Api, path: str) -> None:
    async with websockets.connect(f"{api.url.replace('http', 'ws')}{path}") as socket:
        assert await rest_of(socket) == ([], 4404)


@asynccontextmanager
async def upgraded(api: Api, query: str, **options: Any) -> AsyncIterator[websockets.ClientConnection]:
    """Upgrade where orders are posted to."""
    address = f"{api.url.replace('http', 'ws', 1)}/api/orders/execute{query}"
    async with asyncio.timeout(10), websockets.connect(address, **options) as socket:
        yield socket


async def test_the_address_that_orders_are_posted_to_has_the_same_socket(api: Api) -> None:
    order_id = await api.submit()
    async with upgraded(api, f"?orderId={order_id}") as socket:
        first = await socket.recv(decode=True)
        await api.engine.execute(order_id)
        rest, code = await rest_of(socket)
    assert ([first, *rest], code) == await api.watch(order_id)
    async with upgraded(api, f"?decimals=string&afterSeq=3&orderId={order_id.upper()}") as socket:
        assert await rest_of(socket) == await api.watch(order_id, "?afterSeq=3&decimals=string")
    answer = await api.http.get("/api/orders/execute", params={"orderId": order_id})
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST, OPTIONS")


@pytest.mark.parametrize(
    ("query", "code", "reason"),
    [
        ("", 4400, "orderId"), ("?orderId=", 4400, "orderId"), ("?orderId=a&orderId=a", 4400, "orderId"),
        (f"?orderId={an_id()}&afterSeq=x", 4400, "afterSeq"), (f"?orderId={an_id()}&id=1", 4400, "id"),
        (f"?orderId={an_id()}", 4404, "order_not_found"), ("?orderId=nonsense", 4404, "order_not_found"),
    ],
)  # fmt: skip
async def test_a_query_that_names_no_order(api: Api, query: str, code: int, reason: str) -> None:
    async with upgraded(api, query) as socket:
        assert await rest_of(socket) == ([], code)
        assert (socket.close_reason or "").startswith(reason)


async def test_a_foreign_page_is_refused_before_it_is_accepted(api: Api) -> None:
    order_id = await api.submit()
    with pytest.raises(websockets.InvalidStatus) as refusal:
        await api.connect(order_id, origin=websockets.Origin("https://evil.example"))
    response = refusal.value.response
    assert response.status_code == 403
    assert response.headers["Content-Type"] == "application/problem+json"
    assert json.loads(response.body)["requestId"] == response.headers["X-Request-Id"]
    async with api.connect(order_id, origin=websockets.Origin(api.url)) as socket:
        assert seqs([await socket.recv(decode=True)]) == [0]


async def test_the_handshake_has_the_request_id(api: Api) -> None:
    async with api.connect(await api.submit(), additional_headers={"X-Request-Id": "mine"}) as socket:
        assert socket.response is not None
        assert socket.response.headers["X-Request-Id"] == "mine"
        assert "Sec-WebSocket-Extensions" not in socket.response.headers


async def test_fifty_clients_and_one_that_leaves(api: Api) -> None:
    order_id = await api.submit()
    leaver = await api.connect(order_id)
    stayers = [asyncio.create_task(api.watch(order_id)) for _ in range(50)]
    await eventually(lambda: api.drain.open_sockets == 51)
    await leaver.close()
    await eventually(lambda: api.drain.open_sockets == 50)
    await api.engine.execute(order_id)
    results = await asyncio.gather(*stayers)
    assert all(result == results[0] for result in results)
    assert seqs(results[0][0]) == [0, 1, 2, 3, 4, 5]
    await eventually(lambda: api.drain.open_sockets == 0)


class CountingFeed(InMemoryUpdateFeed):
    """Counts the subscriptions that are open."""

    subscriptions = 0

    def subscribe(self, order_id: str, sink: Sink) -> AbstractAsyncContextManager[None]:
        return self._counted(super().subscribe(order_id, sink))

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
        socket = await api.connect(await api.submit())
        await eventually(lambda: feed.subscriptions == 1)
        if leave == "close":
            await socket.close()
        else:
            socket.transport.abort()
        await eventually(lambda: feed.subscriptions == 0 and api.drain.open_sockets == 0, within=2)


async def test_a_chatty_client_is_ignored(api: Api) -> None:
    order_id = await api.submit()
    async with api.connect(order_id) as socket:
        for n in range(300):
            await socket.send("hello" * 100 if n % 2 else b"\x00" * 4096)
        await api.engine.execute(order_id)
        frames, code = await rest_of(socket)
    assert (seqs(frames), code) == ([0, 1, 2, 3, 4, 5], 1000)


@pytest.mark.parametrize("size", [4097, 100_000, 5_000_000])
async def test_a_message_that_is_too_large(api: Api, size: int) -> None:
    order_id = await api.submit()
    async with api.connect(order_id) as socket:
        await socket.recv()
        with suppress(websockets.ConnectionClosed):  # the server does not wait for the end of a long message
            await socket.send(b"x" * size)
        _, code = await rest_of(socket)
    assert code == 1009
    await eventually(lambda: api.drain.open_sockets == 0)


async def test_a_draining_server_sends_clients_away(api: Api) -> None:
    order_id = await api.submit()
    async with api.connect(order_id) as early:
        await early.recv()
        api.drain.begin()
        assert await api.watch(order_id) == ([], 1012)
        await api.drain.close_sockets()
        assert await rest_of(early) == ([], 1012)
    assert api.drain.open_sockets == 0


async def test_too_many_sockets() -> None:
    async with running_api(sockets_most=1) as api:
        order_id = await api.submit()
        async with api.connect(order_id) as first:
            await first.recv()
            assert await api.watch(order_id) == ([], 1013)
        await eventually(lambda: api.drain.open_sockets == 0)
        async with api.connect(order_id) as next_one:
            assert await next_one.recv()


class AwayStore(InMemoryOrderStore):
    error: Exception | None = None

    async def get(self, order_id: str, *, durable: bool = False) -> Order | None:
        if self.error is not None:
            raise self.error
        return await super().get(order_id)


@pytest.mark.parametrize(("error", "code"), [(StoreUnavailable(), 1013), (RuntimeError("secret"), 1011)])
async def test_a_store_that_cannot_tell_the_story(
    error: Exception, code: int, caplog: pytest.LogCaptureFixture
) -> None:
    store = AwayStore(CLOCK)
    async with running_api(Engine(store=store)) as api:
        order_id = await api.submit()
        store.error = error
        async with api.connect(order_id) as socket:
            assert await rest_of(socket) == ([], code)
            assert "secret" not in (socket.close_reason or "")
    logged = [record.message for record in caplog.records if record.name == "order_engine.http"]
    assert ("request_failed" in logged) == (code == 1011)


async def test_a_watcher_that_falls_behind(api: Api) -> None:
    """The feed brings more in one go than may wait, before the socket's task gets its turn."""
    order_id = await api.submit()
    async with api.connect(order_id) as socket:
        await socket.recv()
        api.engine.feed.publish(Frame(order_id, "u", 1, False, "x" * (MAILBOX_BYTES // 4)) for _ in range(5))
        assert await rest_of(socket) == ([], 1013)


async def test_clients_that_leave_at_any_moment_are_no_error(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    order_ids = [await api.submit() for _ in range(20)]

    async def visit(order_id: str, turns: int) -> None:
        with suppress(OSError, websockets.InvalidHandshake, EOFError):
            socket = await api.connect(order_id)
            for _ in range(turns):
                await asyncio.sleep(0)
            socket.transport.abort()

    visits = [visit(order_id, turns) for turns, order_id in enumerate(order_ids * 5)]
    await asyncio.gather(*visits, *(api.engine.execute(order_id) for order_id in order_ids))
    await eventually(lambda: api.drain.open_sockets == 0)
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
