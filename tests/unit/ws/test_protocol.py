"""Clients that do not read, do not pong or do not say goodbye: bounded in memory and in time, on both event loops."""

import asyncio
import base64
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest
from attrs import define
from websockets import connect

from entrypoints.web.server import ServerTimes, bind, serve
from entrypoints.web.ws import protocol
from tests.eventually import eventually
from tests.unit.scenarios import Scenario

HASTY = ServerTimes(ping_seconds=0.2, pong_seconds=0.2)
MESSAGE = "x" * 1024
HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: " + base64.b64encode(bytes(16)) + b"\r\n\r\n"
)

SCENARIO_SECONDS = 20


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have little patience for closing."""
    monkeypatch.setattr(protocol, "CLOSE_SECONDS", 0.3)
    monkeypatch.setattr(protocol, "ABORT_SECONDS", 0.3)


@define
class Flood:
    """An app that sends as fast as it may; `ended` tells how, `sent` how much it was rid of."""

    sent: int = 0
    ended: BaseException | None = None

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})
        try:
            while True:
                await send({"type": "websocket.send", "text": MESSAGE})
                self.sent += len(MESSAGE)
        except BaseException as error:
            self.ended = error
            raise


async def idle(scope: dict[str, Any], receive: Any, send: Any) -> None:
    await send({"type": "websocket.accept"})
    while (await receive())["type"] != "websocket.disconnect":
        pass


async def hang_up(scope: dict[str, Any], receive: Any, send: Any) -> None:
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.close", "code": 1000})


class Silent:
    """A client that opens a socket and then neither reads nor writes."""

    def __init__(self, port: int) -> None:
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.connect(("127.0.0.1", port))
        self.socket.setblocking(False)
        self.socket.sendall(HANDSHAKE)

    async def is_cut(self) -> None:
        """Return when the server has let go of the connection; what it sent before is read now."""
        loop = asyncio.get_running_loop()
        try:
            while await loop.sock_recv(self.socket, 65536):
                pass
        except ConnectionResetError:
            pass
        self.socket.close()


class Server:
    """An app served meanwhile."""

    def __init__(self, app: Any, times: ServerTimes = HASTY) -> None:
        self._app, self._times, self._stop = app, times, asyncio.Event()

    async def __aenter__(self) -> int:
        listener = bind("127.0.0.1", 0)
        self._serving = asyncio.ensure_future(serve(self._app, listener, self._stop, times=self._times))
        port: int = listener.getsockname()[1]
        return port

    async def __aexit__(self, *_: object) -> None:
        self._stop.set()
        await self._serving


def test_a_client_that_never_reads_is_cut(run: Callable[[Scenario], None]) -> None:
    async def scenario() -> None:
        flood = Flood()
        async with Server(flood) as port:
            client = Silent(port)
            await eventually(lambda: flood.ended)
            assert isinstance(flood.ended, OSError)
            assert 0 < flood.sent < 1 << 20
            await client.is_cut()

    run(scenario)


def test_a_client_that_never_pongs_is_cut(run: Callable[[Scenario], None]) -> None:
    async def scenario() -> None:
        async with Server(idle) as port:
            started = time.monotonic()
            await Silent(port).is_cut()
            assert 0.3 < time.monotonic() - started < 3

    run(scenario)


def test_a_client_that_pongs_stays(run: Callable[[Scenario], None]) -> None:
    async def scenario() -> None:
        async with Server(idle) as port, connect(f"ws://127.0.0.1:{port}") as client:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(client.recv(), 1.2)
            await client.send("still here")

    run(scenario)


def test_a_client_that_does_not_answer_a_close_is_cut(run: Callable[[Scenario], None]) -> None:
    async def scenario() -> None:
        async with Server(hang_up, ServerTimes()) as port:
            started = time.monotonic()
            await Silent(port).is_cut()
            assert time.monotonic() - started < 3

    run(scenario)


def test_a_client_that_reads_slowly_gets_all(run: Callable[[Scenario], None]) -> None:
    async def thousand(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})
        for _ in range(1000):
            await send({"type": "websocket.send", "text": MESSAGE})
        await send({"type": "websocket.close", "code": 1000})

    async def scenario() -> None:
        async with Server(thousand, ServerTimes()) as port, connect(f"ws://127.0.0.1:{port}", max_queue=2) as client:
            received = 0
            async for _ in client:
                received += 1
                if received % 100 == 0:
                    await asyncio.sleep(0.02)
            assert (received, client.close_code) == (1000, 1000)

    run(scenario)


def test_clients_that_never_read_do_not_hold_up_the_end(run: Callable[[Scenario], None]) -> None:
    async def scenario() -> None:
        flood = Flood()
        server = Server(flood, ServerTimes(grace_seconds=10))
        async with server as port:
            clients = [Silent(port) for _ in range(5)]
            await eventually(lambda: flood.sent > 5 * 65536)
            started = time.monotonic()
        assert time.monotonic() - started < 5
        for client in clients:
            await client.is_cut()

    run(scenario)
