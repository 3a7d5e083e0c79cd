"""One keep-alive connection to an API, used one request at a time, with as little work as possible of its own."""

import asyncio
from collections.abc import Mapping
from urllib.parse import urlsplit

from attrs import define, frozen

_HEAD_END = b"\r\n\r\n"


class Refused(Exception):
    """The API answered with another status than was wanted; the text is its answer."""


@frozen
class Answer:
    """What the API said; header names in small letters."""

    headers: Mapping[str, str]
    body: bytes


@define
class HttpConnection:
    """A connection to an API at `host` (with its port)."""

    host: str
    _reader: asyncio.StreamReader
    _writer: asyncio.StreamWriter

    @classmethod
    async def connected(cls, url: str) -> "HttpConnection":
        """Connect."""
        address = urlsplit(url)
        return cls(address.netloc, *await asyncio.open_connection(address.hostname, address.port))

    def send(self, request: bytes) -> None:
        """Send a whole request."""
        self._writer.write(request)

    async def answer(self, wanted: int) -> Answer:
        """Read the answer to what was sent. Raises Refused if its status is not the wanted one."""
        status, *lines = (await self._reader.readuntil(_HEAD_END)).decode().split("\r\n")
        pairs = (line.partition(": ") for line in lines if line)
        headers = {name.lower(): value for name, _, value in pairs}
        body = await self._reader.readexactly(int(headers["content-length"]))
        if int(status.split()[1]) != wanted:
            raise Refused(f"{status}: {body.decode(errors='replace')}")
        return Answer(headers, body)

    async def get(self, path: str) -> Answer:
        """Get a resource that must be there. Raises Refused."""
        self.send(f"GET {path} HTTP/1.1\r\nHost: {self.host}\r\n\r\n".encode())
        return await self.answer(200)

    def close(self) -> None:
        """Disconnect."""
        self._writer.close()
