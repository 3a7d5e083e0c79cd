"""A webhook receiver that is slow, answers 500, or is away for a while; it keeps all that came, and what it said."""

import asyncio
import json
import random
import re
from contextlib import suppress
from http import HTTPStatus

from attrs import define, field, frozen

UP_SECONDS, DOWN_SECONDS = (4.0, 8.0), (1.0, 3.0)
SLOW_SECONDS = 1.5
_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
_ID = re.compile(r"webhook-id: (\S+)", re.IGNORECASE)


@frozen
class Arrival:
    """One request: the user whose endpoint it came to, its id and body, and what was answered (0: nothing)."""

    user_id: str
    message_id: str
    body: str
    status: int

    @property
    def taken(self) -> bool:
        return self.status == HTTPStatus.NO_CONTENT


@define(eq=False)
class Receiver:
    """Listens on one port; what it does to whom follows from its chance."""

    chance: random.Random
    arrivals: list[Arrival] = field(factory=list)
    calm: asyncio.Event = field(factory=asyncio.Event)
    port: int = 0
    _server: asyncio.Server | None = None

    def url(self, user_id: str) -> str:
        """Return the URL of a user's endpoint."""
        return f"http://127.0.0.1:{self.port}/{user_id}"

    async def run(self) -> None:
        """Be there and not, by turns, until cancelled; there for good once it is `calm`."""
        while not self.calm.is_set():
            await asyncio.sleep(self.chance.uniform(*UP_SECONDS))
            await self._leave()
            await asyncio.sleep(self.chance.uniform(*DOWN_SECONDS))
            await self.open()

    async def open(self) -> None:
        """Be there, at first on a free port and then on the same."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _leave(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, EOFError, asyncio.CancelledError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                [length], text = _LENGTH.findall(head), head.decode()
                body = (await reader.readexactly(int(length))).decode()
                kind = self._kind()
                if kind == "slow":
                    await asyncio.sleep(SLOW_SECONDS)
                status = {"refuse": 500, "break": 0}.get(kind, 204)
                user_id = text.split(" ")[1].removeprefix("/")
                self.arrivals.append(Arrival(user_id, _ID.findall(text)[0], body, status))
                if kind == "break":
                    break
                writer.write(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % status)
                await writer.drain()
        writer.close()

    def _kind(self) -> str:
        """Draw what is done to a request."""
        if self.calm.is_set():
            return "take"
        return self.chance.choices(("take", "refuse", "slow", "break"), (80, 9, 6, 5))[0]


def contradictions(order_id: str, user_id: str, frames: list[str], arrivals: list[Arrival]) -> list[str]:
    """Say where the events that a receiver took are not all of the order's, each in its order, under its one id.

    `frames` are all of them, the birth's too.
    """
    found, reached = [], -1
    for arrival in arrivals:
        told = json.loads(arrival.body)
        seq = told["data"]["seq"]
        if arrival.user_id != user_id or arrival.message_id != f"msg_{order_id}_{seq}":
            found.append(f"a webhook of seq {seq} came to {arrival.user_id} as {arrival.message_id}")
        data = arrival.body.partition(',"data":')[2].removesuffix("}")
        if seq >= len(frames) or data != frames[seq]:
            found.append(f"a webhook says of seq {seq}: {data}")
        if arrival.taken and seq > reached + 1:
            found.append(f"a webhook's seq {seq} was taken after {reached}")
        if arrival.taken:
            reached = max(reached, seq)
    if reached != len(frames) - 1:
        found.append(f"webhooks came to seq {reached} of {len(frames) - 1}")
    return found
