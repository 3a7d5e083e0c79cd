"""One keep-alive connection to an engine, one request at a time, for some ten times less work than a whole client."""

import asyncio
import ssl
from typing import Self, cast
from urllib.parse import urlsplit

import httptools
from attrs import field, frozen

from entrypoints.cli.client import address_of

ANSWER_SECONDS = 30.0


@frozen
class Answer:
    """A status and a body."""

    status: int
    body: bytes


@frozen
class Address:
    """Where an engine listens, and what its paths begin with."""

    host: str
    port: int
    netloc: str
    path: str
    headers: tuple[str, ...] = field(repr=False)
    tls: ssl.SSLContext | None = field(repr=False)

    @classmethod
    def of(cls, url: str) -> Self:
        """Read a URL that is known to be good, and the user's credential for it."""
        address = address_of(url)
        parts = urlsplit(address.url)
        port = parts.port or (443 if address.tls else 80)
        shown = tuple(f"{name}: {value}" for name, value in address.headers.items())
        return cls(parts.hostname or "", port, parts.netloc, parts.path, shown, address.tls)

    def request(self, method: str, path: str, body: bytes = b"") -> bytes:
        """Return a whole request; a body is JSON."""
        lines = [f"{method} {self.path}{path} HTTP/1.1", f"Host: {self.netloc}", *self.headers]
        if body:
            lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        elif method == "POST":
            lines.append("Content-Length: 0")
        return "\r\n".join((*lines, "", "")).encode() + body


class Connection:
    """Connects when it is first used, and again after the server closed it."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._exchange: _Exchange | None = None

    async def ask(self, request: bytes) -> Answer:
        """Send a request; return its answer. Raises OSError (also when it takes 30 s): it may have been done."""
        async with asyncio.timeout(ANSWER_SECONDS):
            if self._exchange is None or not self._exchange.usable:
                self._exchange = await self._connected()
            try:
                return await self._exchange.ask(request)
            except BaseException:
                self.close()
                raise

    def close(self) -> None:
        """Disconnect."""
        if self._exchange is not None:
            self._exchange.close()
            self._exchange = None

    async def _connected(self) -> "_Exchange":
        address, loop = self._address, asyncio.get_running_loop()
        _, exchange = await loop.create_connection(_Exchange, address.host, address.port, ssl=address.tls)
        return exchange


class _Exchange(asyncio.Protocol):
    """Reads answers as they come."""

    def __init__(self) -> None:
        self.usable = True
        self._answer: asyncio.Future[Answer] | None = None
        self._body = bytearray()
        self._parser = httptools.HttpResponseParser(self)

    async def ask(self, request: bytes) -> Answer:
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        self.usable = False
        self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(ConnectionError(f"not HTTP: {error}"))
            self.close()

    def connection_lost(self, error: Exception | None) -> None:
        self.usable = False
        self._fail(error if isinstance(error, OSError) else ConnectionError("closed by the server"))

    def on_message_begin(self) -> None:
        """Forget the last body; the parser calls it."""
        self._body.clear()

    def on_body(self, part: bytes) -> None:
        """Take a part of the body; the parser calls it."""
        self._body += part

    def on_message_complete(self) -> None:
        """Give the answer to who waits for it; the parser calls it."""
        if not self._parser.should_keep_alive():
            self.usable = False
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(Answer(self._parser.get_status_code(), bytes(self._body)))

    def _fail(self, error: OSError) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)
