"""Learns which orders of a load are final: from the live feed, and by asking where the feed is silent or missing."""

import asyncio
import time
from datetime import datetime
from urllib.parse import quote, urlencode

import msgspec
import websockets

from entrypoints.cli.client import address_of
from entrypoints.load.connection import ANSWER_SECONDS, Address, Connection
from entrypoints.load.tally import Tally

FINAL = ("confirmed", "failed")
ROUND_SECONDS = 0.5
QUIET_SECONDS = 3.0
FEW = 50
PAGE_MOST = 200


class _Frame(msgspec.Struct):
    orderId: str
    status: str
    reasonCode: str = ""


class _Order(msgspec.Struct):
    orderId: str
    status: str
    createdAt: str
    finishedAt: str | None
    reasonCode: str | None


class _Page(msgspec.Struct):
    data: list[_Order]
    nextCursor: str | None


class Follower:
    """Follows all open orders of a tally until it is cancelled. `ready` is set when nothing can be missed any more."""

    def __init__(self, url: str, user: str, tally: Tally) -> None:
        self.ready = asyncio.Event()
        self.has_feed: bool | None = None  # not known yet
        self._url, self._user, self._tally = url, user, tally
        self._address = Address.of(url)
        self._heard = 0.0
        self._frame_of = msgspec.json.Decoder(_Frame).decode

    async def run(self) -> None:
        """Listen and ask, side by side."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen())
            group.create_task(self._ask())

    async def _listen(self) -> None:
        """Read the feed, wherever it must be opened again. Return when this engine has none."""
        engine = address_of(self._url)
        address = f"{engine.socket_url}/ws/orders?{urlencode({'userId': self._user})}"
        while True:
            try:
                async with websockets.connect(address, **engine.for_socket(ANSWER_SECONDS), max_queue=1024) as socket:
                    self.has_feed = True
                    self.ready.set()
                    async for text in socket:
                        self._hear(text)
            except websockets.InvalidStatus as error:
                if error.response.status_code < 500:
                    self.has_feed = False
                    self.ready.set()
                    return
            except (OSError, websockets.WebSocketException):
                pass  # what it missed is asked for, since it says nothing
            await asyncio.sleep(ROUND_SECONDS)

    def _hear(self, text: str | bytes) -> None:
        self._heard = time.monotonic()
        frame = self._frame_of(text)
        if frame.status in FINAL:
            self._tally.saw_final(frame.orderId, frame.status, frame.reasonCode)

    async def _ask(self) -> None:
        """Ask about open orders, unless the feed delivers all there is to know."""
        connection = Connection(self._address)
        try:
            while True:
                await asyncio.sleep(ROUND_SECONDS)
                silent = not self.has_feed or time.monotonic() - self._heard > QUIET_SECONDS
                if silent and self._tally.open:
                    try:
                        await self._look_after_all(connection)
                    except (OSError, msgspec.DecodeError):
                        continue  # it does not answer now
        finally:
            connection.close()

    async def _look_after_all(self, connection: Connection) -> None:
        """Ask about each order that is open now: few by their ids, many by pages, the newest first."""
        wanted = set(self._tally.open)
        if len(wanted) <= FEW:
            for order_id in wanted:
                answer = await connection.ask(self._address.request("GET", f"/api/orders/{quote(order_id, safe='')}"))
                self._learn(msgspec.json.decode(answer.body, type=_Order))
            return
        cursor: str | None = None
        while wanted:
            query = {"userId": self._user, "limit": str(PAGE_MOST)} | ({"cursor": cursor} if cursor else {})
            answer = await connection.ask(self._address.request("GET", f"/api/orders?{urlencode(query)}"))
            page = msgspec.json.decode(answer.body, type=_Page)
            for order in page.data:
                wanted.discard(order.orderId)
                self._learn(order)
            cursor = page.nextCursor
            if cursor is None:
                return

    def _learn(self, order: _Order) -> None:
        if order.finishedAt is not None:
            seconds = datetime.fromisoformat(order.finishedAt) - datetime.fromisoformat(order.createdAt)
            self._tally.found_final(order.orderId, order.status, order.reasonCode or "", seconds.total_seconds())
