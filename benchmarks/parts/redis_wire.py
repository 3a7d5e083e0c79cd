"""A bare Redis client: one connection, hiredis and nothing else, so that it is the server that is measured."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import unquote, urlsplit

import hiredis

OnMessage = Callable[[bytes, bytes], None]


class RedisWire(asyncio.Protocol):
    """Commands, answered in order; messages of its subscriptions go to `on_message` with their channel."""

    def __init__(self, on_message: OnMessage | None = None) -> None:
        self._on_message = on_message
        self._reader = hiredis.Reader()
        self._asked: deque[asyncio.Future[Any]] = deque()
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def connected(cls, url: str, on_message: OnMessage | None = None) -> "RedisWire":
        """Connect to the database that a URL names."""
        parts = urlsplit(url)
        loop = asyncio.get_running_loop()
        _, wire = await loop.create_connection(lambda: cls(on_message), parts.hostname or "", parts.port or 6379)
        if parts.password:
            user = (unquote(parts.username),) if parts.username else ()
            await wire.ask("AUTH", *user, unquote(parts.password))
        if number := parts.path.strip("/"):
            await wire.ask("SELECT", number)
        return wire

    async def ask(self, *words: str | int) -> Any:
        """Send a command; return its answer. Raises what the server refused it with."""
        answered = asyncio.get_running_loop().create_future()
        self._asked.append(answered)
        if self._transport is not None:
            self._transport.write(hiredis.pack_command(words))  # type: ignore[arg-type] # any number of words
        return await answered

    def close(self) -> None:
        """Disconnect."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to write."""
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Fail what nobody will answer any more."""
        while self._asked:
            answered = self._asked.popleft()
            if not answered.done():
                answered.set_exception(ConnectionError("redis closed the connection"))

    def data_received(self, data: bytes) -> None:
        """Read all answers and messages that are whole."""
        self._reader.feed(data)
        while (reply := self._reader.gets()) is not False:
            match reply:
                case [b"pmessage", _, channel, text] | [b"message", channel, text]:
                    if self._on_message is not None:
                        self._on_message(channel, text)
                case _:
                    self._answered(reply)

    def _answered(self, reply: object) -> None:
        answered = self._asked.popleft()
        if answered.done():
            return
        if isinstance(reply, Exception):
            answered.set_exception(reply)
        else:
            answered.set_result(reply)
