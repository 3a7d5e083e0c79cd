"""The sending half of the Redis feed."""

import asyncio
import time
from collections import deque
from collections.abc import Iterable
from contextlib import suppress

from redis.asyncio import Redis

from adapters.batching import FLUSHES_APART
from adapters.redis import keys
from adapters.redis.channel import PREFIX
from adapters.redis.own_connection import OwnConnection
from adapters.redis.script import Script
from application import observe
from application.frames import Frame
from application.ports.errors import QueueUnavailable

WAITING_MOST = 20_000
FLUSH_MOST = 500
FLUSH_SECONDS = 1.0
REST_SECONDS = 0.5


class Publisher:
    """Gathers frames and publishes them in order, many in one script call.

    When the server does not take a flush, its frames are dropped, since it may have sent some of them, and the next
    flush waits half a second. Of too many waiting frames the oldest go.
    """

    def __init__(self, client: Redis) -> None:
        self.dropped = 0
        self._connection = OwnConnection(client)
        self._send = Script(self._connection, "publish", keys.NOTHING, limit=FLUSH_SECONDS, after="primary")
        self._waiting: deque[Frame] = deque()
        self._arrived = asyncio.Event()
        self._closing = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Start to send."""
        self._closing.clear()
        self._task = asyncio.create_task(self._run(), name="update publisher")

    async def close(self) -> None:
        """Send what waits, unless the server is away; later frames are dropped. Idempotent."""
        self._closing.set()
        self._arrived.set()
        if self._task is not None:
            await self._task
            self._task = None
        await self._connection.close()
        self._drop(len(self._waiting))

    def publish(self, frames: Iterable[Frame]) -> None:
        """Have `frames` sent soon."""
        if not self._closing.is_set():
            self._waiting.extend(frames)
            self._drop(len(self._waiting) - WAITING_MOST)
            self._arrived.set()

    async def probe(self, channel: str = "") -> None:
        """Publish nothing, on a channel that hears of it, where frames would go. Raises QueueUnavailable."""
        await self._send((f"{channel}\n" if channel else "",))

    async def look_again(self) -> None:
        """Have what comes next published where the address leads now."""
        await self._connection.look_again()

    async def _run(self) -> None:
        now = asyncio.get_running_loop().time
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            while self._waiting:
                next_at = now() + FLUSHES_APART
                if await self._flush():
                    await asyncio.sleep(max(0.0, next_at - now()))
                elif self._closing.is_set():
                    return
                else:
                    await self._rest()
            if self._closing.is_set():
                return

    async def _flush(self) -> bool:
        count = min(FLUSH_MOST, len(self._waiting))
        lines: list[str] = []
        for _ in range(count):
            frame = self._waiting.popleft()
            lines += (PREFIX + frame.order_id, frame.text)
        begun = time.perf_counter()
        try:
            await self._send(("\n".join(lines),))
        except QueueUnavailable as error:
            self.dropped += count
            observe.feed_away("the publisher", error)
            observe.frames_dropped(count)
            return False
        finally:
            observe.batch_flushed("publish", count, time.perf_counter() - begun)
        return True

    async def _rest(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(REST_SECONDS):
                await self._closing.wait()

    def _drop(self, count: int) -> None:
        if count > 0:
            observe.frames_crowded_out(count)
        for _ in range(count):
            self._waiting.popleft()
            self.dropped += 1
