"""Clients that stop reading while frames flow: told 1013, cut a second later, and all that waited for them is freed."""

import asyncio
import base64
import gc
import os
import socket
import time
from collections.abc import Callable
from itertools import count

import httpx
import pytest

from application.frames import Frame
from application.mailbox import Mailbox
from entrypoints.web.closing import TRY_LATER
from entrypoints.web.ws.protocol import ABORT_SECONDS, BoundedWebSocketProtocol
from tests.api import Api, running_api
from tests.eventually import eventually
from tests.unit.scenarios import Scenario

BUSY_SECONDS = 2.0  # what a busy machine may add
CLOSE = TRY_LATER.to_bytes(2, "big") + b"slow_watcher"

SCENARIO_SECONDS = 30


class Unread:
    """A client that opens a socket and reads nothing until it is told to."""

    def __init__(self) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._socket.setblocking(False)

    async def open(self, api: Api, path: str) -> "Unread":
        url, loop = httpx.URL(api.url), asyncio.get_running_loop()
        await loop.sock_connect(self._socket, (url.host, url.port))
        key = base64.b64encode(os.urandom(16)).decode()
        handshake = (
            f"GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
        )
        await loop.sock_sendall(self._socket, handshake.encode())
        return self

    async def last_bytes(self) -> bytes:
        """Read all that was sent; return its end, or nothing when the connection was cut."""
        last = b""
        with self._socket:
            try:
                while data := await asyncio.get_running_loop().sock_recv(self._socket, 1 << 16):
                    last = (last + data)[-len(CLOSE) :]
                    if last == CLOSE:
                        return last
            except ConnectionResetError:
                return b""
        return last


def alive(kind: type) -> int:
    gc.collect()
    return sum(type(thing) is kind for thing in gc.get_objects())


def a_frame(order_id: str, seq: int) -> Frame:
    return Frame(order_id, "user123", seq, False, f"{seq:>2000}")


async def flood(api: Api, order_id: str) -> None:
    """Have frames flow, one in each turn, until no socket is open any more."""
    for seq in count(1):
        api.engine.feed.publish([a_frame(order_id, seq)])
        await asyncio.sleep(0)
        if api.drain.open_sockets == 0:
            return


@pytest.mark.parametrize("path", ["/ws/orders", "/ws/orders/{order_id}"])
def test_one_that_never_reads_is_cut_and_freed(run: Callable[[Scenario], None], path: str) -> None:
    async def scenario() -> None:
        mailboxes, connections = alive(Mailbox), alive(BoundedWebSocketProtocol)
        async with running_api() as api:
            order_id = await api.submit()
            clients = [await Unread().open(api, path.format(order_id=order_id)) for _ in range(3)]
            await eventually(lambda: api.drain.open_sockets == 3)
            assert min(alive(Mailbox), alive(BoundedWebSocketProtocol)) >= 3
            await flood(api, order_id)
            closed = time.monotonic()
            await eventually(lambda: alive(Mailbox) <= mailboxes)
            await eventually(lambda: alive(BoundedWebSocketProtocol) <= connections)
            assert time.monotonic() - closed < ABORT_SECONDS + BUSY_SECONDS
            for client in clients:
                assert await client.last_bytes() == b""

    run(scenario)


@pytest.mark.parametrize("path", ["/ws/orders", "/ws/orders/{order_id}"])
def test_one_that_reads_again_in_time_is_told_why(run: Callable[[Scenario], None], path: str) -> None:
    async def scenario() -> None:
        async with running_api() as api:
            order_id = await api.submit()
            client = await Unread().open(api, path.format(order_id=order_id))
            await eventually(lambda: api.drain.open_sockets == 1)
            await flood(api, order_id)
            assert await client.last_bytes() == CLOSE

    run(scenario)


async def test_one_that_reads_sees_all_while_another_is_cut() -> None:
    async with running_api() as api, api.connect_feed() as reader:
        slow = await Unread().open(api, "/ws/orders")
        await eventually(lambda: api.drain.open_sockets == 2)
        for seq in count(1):
            api.engine.feed.publish([a_frame("order", seq)])
            assert int(await reader.recv()) == seq
            if api.drain.open_sockets == 1:
                break
        await slow.last_bytes()
