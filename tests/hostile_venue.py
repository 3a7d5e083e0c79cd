"""A venue whose every byte a test decides: HTTP written by hand, on connections that stay open."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from attrs import define, field, frozen

from adapters.http_venue.venue import HttpVenue
from tests.clock import ManualClock

Write = Callable[[asyncio.StreamWriter], Awaitable[None]]


def reply(body: str | bytes, status: str = "200 OK", *headers: str) -> bytes:
    """Write an answer."""
    content = body.encode() if isinstance(body, str) else body
    lines = "".join(f"{line}\r\n" for line in headers)
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(content)}\r\n{lines}\r\n".encode() + content


@define
class HostileVenue:
    """Answers each request with the next of `answers`, the last one again and again; `asked` are the requests' heads.

    An answer that is a function writes what it likes, until its connection breaks. `connections` counts them.
    """

    url: str = ""
    answers: list[bytes | Write] = field(factory=list)
    asked: list[str] = field(factory=list)
    connections: int = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                await reader.readexactly(_length_of(head))
                self.asked.append(head)
                answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                if isinstance(answer, bytes):
                    writer.write(answer)
                    await writer.drain()
                else:
                    await answer(writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def hostile_venue(*answers: bytes | Write) -> AsyncIterator[HostileVenue]:
    """Serve a venue that answers so."""
    venue = HostileVenue(answers=list(answers))
    async with await asyncio.start_server(venue, "127.0.0.1", 0) as server:
        venue.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/Meteora"
        yield venue


@asynccontextmanager
async def client_of(venue: HostileVenue, seconds: float = 5.0) -> AsyncIterator[HttpVenue]:
    """Open the adapter of such a venue."""
    client = HttpVenue(
        "Meteora", venue.url, ManualClock(), valid_seconds=30, timeout_seconds=seconds, swap_timeout_seconds=seconds
    )
    await client.open()
    try:
        yield client
    finally:
        await client.close()


@frozen
class Request:
    """What a venue was asked; `path` as it came, `body` what its JSON says, if it has one."""

    method: str
    path: str
    body: Mapping[str, Any]


@asynccontextmanager
async def venue_that_responds(respond: Callable[[Request], bytes]) -> AsyncIterator[str]:
    """Serve a venue whose answers depend on what it is asked; give its URL."""
    serving = set[asyncio.Task[None] | None]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.add(asyncio.current_task())
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                body = await reader.readexactly(_length_of(head))
                method, path, _ = head.split(" ", 2)
                writer.write(respond(Request(method, path, json.loads(body) if body else {})))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    await asyncio.gather(*filter(None, serving))  # their clients are gone


def _length_of(head: str) -> int:
    lengths = [line for line in head.lower().split("\r\n") if line.startswith("content-length:")]
    return int(lengths[0].partition(":")[2]) if lengths else 0
