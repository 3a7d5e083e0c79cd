"""What may happen to a connection while a response's head waits for its body."""

import asyncio
import logging
from typing import Any

import pytest
from uvicorn.server import ServerState

from tests.unit.http.exchanges import GET, LENGTH, WithoutJoinedWrites, connected
from tests.unit.http.recorder import Recorder


class Paused:
    """An app that stops after its head until the test has done something to the connection."""

    def __init__(self) -> None:
        self.transport, self.state = Recorder(), ServerState()
        self.protocol = connected(self._answer, self.transport, self.state, WithoutJoinedWrites)
        self._go_on = asyncio.Event()

    async def ask(self) -> None:
        """Send a request, and wait until the app sent its head."""
        self.protocol.data_received(GET)
        await asyncio.sleep(0)

    async def end(self) -> bytes:
        """Let the app send its body; return all that was sent."""
        self._go_on.set()
        await asyncio.wait(self.state.tasks, timeout=0.05)
        return b"".join(self.transport.sent)

    async def _answer(self, _scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [LENGTH]})
        await self._go_on.wait()
        await send({"type": "http.response.body", "body": b"hello"})


async def test_a_client_that_left_is_not_answered() -> None:
    paused = Paused()
    await paused.ask()
    paused.protocol.connection_lost(None)
    assert await paused.end() == b""
    assert paused.state.total_requests == 0


async def test_a_server_that_stops_ends_the_connection_with_the_response() -> None:
    paused = Paused()
    await paused.ask()
    paused.protocol.shutdown()
    assert await paused.end() == b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello"
    assert paused.transport.closed


async def test_nothing_is_written_while_the_client_does_not_read() -> None:
    paused = Paused()
    await paused.ask()
    paused.protocol.pause_writing()
    assert await paused.end() == b""
    paused.protocol.resume_writing()
    assert (await paused.end()).endswith(b"\r\n\r\nhello")


async def test_the_servers_own_headers_are_sent() -> None:
    paused = Paused()
    paused.state.default_headers = [(b"server", b"engine")]
    await paused.ask()
    assert b"server: engine\r\n" in await paused.end()


async def test_an_access_log_has_each_response(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "access")
    paused = Paused()
    paused.protocol.access_log, paused.protocol.access_logger = True, logging.getLogger("access")
    await paused.ask()
    await paused.end()
    assert [record.name for record in caplog.records] == ["access"]
