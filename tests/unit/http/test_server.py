"""Taking an address, serving, and going away in good order."""

import asyncio
import signal
import socket
from contextlib import suppress

import httpx
import pytest

from adapters.memory.order_store import InMemoryOrderStore
from application.ports.order_store import Admission
from domain.order import Order
from entrypoints.web.server import CannotListen, ServerTimes, bind, serve, url_of
from tests.api import CLOCK, ORDER, Engine, rest_of, running_api
from tests.eventually import eventually


def test_any_free_port() -> None:
    with bind("127.0.0.1", 0) as one, bind("127.0.0.1", 0) as other:
        assert url_of(one) != url_of(other)
        assert url_of(one) == f"http://127.0.0.1:{one.getsockname()[1]}"


def test_ipv6() -> None:
    with bind("::1", 0) as listener:
        assert url_of(listener) == f"http://[::1]:{listener.getsockname()[1]}"


def test_a_port_in_use() -> None:
    with bind("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CannotListen) as refusal:
            bind("127.0.0.1", port)
    assert str(refusal.value) == f"Cannot listen on 127.0.0.1:{port}: another program is already using this port."


@pytest.mark.parametrize(
    ("host", "port"), [("192.0.2.1", 0), ("no such host", 0), ("a..b", 0), ("127.0.0.1", 70_000), ("", -1)]
)
def test_no_such_address(host: str, port: int) -> None:
    with pytest.raises(CannotListen, match=r"^Cannot listen on .*: .*\.$"):
        bind(host, port)


class SlowStore(InMemoryOrderStore):
    """Keeps each order only when it is let."""

    def __init__(self) -> None:
        super().__init__(CLOCK)
        self.asked, self.let = asyncio.Event(), asyncio.Event()

    async def add(self, order: Order, idempotency_key: str | None = None) -> Admission:
        self.asked.set()
        await self.let.wait()
        return await super().add(order, idempotency_key)


async def test_an_open_request_is_answered_before_the_end() -> None:
    store = SlowStore()
    async with running_api(Engine(store=store)) as api:
        asking = asyncio.create_task(api.http.post("/api/orders/execute", json=ORDER))
        await store.asked.wait()
        api.stop.set()
        await eventually(lambda: refuses_connections(api.url))
        store.let.set()
        assert (await asking).status_code == 202


def refuses_connections(url: str) -> bool:
    address = httpx.URL(url)
    try:
        socket.create_connection((address.host, address.port or 0)).close()
    except ConnectionRefusedError:
        return True
    return False


async def test_a_request_that_does_not_end_is_given_up() -> None:
    store = SlowStore()
    async with running_api(Engine(store=store), times=ServerTimes(grace_seconds=1)) as api:
        asking = asyncio.create_task(api.http.post("/api/orders/execute", json=ORDER))
        await store.asked.wait()
        api.stop.set()
        with pytest.raises(httpx.RemoteProtocolError):
            await asking
    assert await api.engine.stored() == 0


async def test_it_lingers_unready_then_sends_sockets_away() -> None:
    async with running_api(times=ServerTimes(linger_seconds=0.3)) as api, api.connect(await api.submit()) as socket:
        await socket.recv()
        api.stop.set()
        await eventually(lambda: api.drain.begun)
        assert (await api.http.get("/health/ready")).status_code == 503
        answer = await api.http.post("/api/orders/execute", json=ORDER)
        assert (answer.status_code, answer.headers["Connection"]) == (202, "close")
        assert api.drain.open_sockets == 1
        assert await rest_of(socket) == ([], 1012)
    assert api.drain.open_sockets == 0


async def test_signals_stay_with_the_process() -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    async with running_api() as api:
        await api.http.get("/health/live")
        assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


async def test_a_cancelled_server_cuts_its_connections() -> None:
    started = asyncio.Event()

    async def hang(scope: object, receive: object, send: object) -> None:
        started.set()
        await asyncio.Event().wait()

    listener = bind("127.0.0.1", 0)
    host, port = listener.getsockname()
    serving = asyncio.create_task(serve(hang, listener, asyncio.Event()))
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    await started.wait()
    serving.cancel()
    with suppress(ConnectionResetError):
        assert await reader.read() == b""
    await asyncio.wait([serving])
    assert serving.cancelled()
    writer.close()
    assert refuses_connections(f"http://{host}:{port}")
