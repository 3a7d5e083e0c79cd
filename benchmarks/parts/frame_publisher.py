"""Publishes stamped frames at an even rate, through the engine's own publisher: the helper behind `fan_out`."""

import asyncio
import time

import uvloop

from adapters.redis.clients import feed_client
from adapters.redis.publisher import Publisher
from benchmarks.parts.helper import Answer, answer_lines
from benchmarks.parts.stamped_frames import stamped_frame

TICK_SECONDS = 0.001


class FramePublisher:
    """Sends frames for its orders in turn, each order's seqs rising by one from 1."""

    def __init__(self) -> None:
        self._url = ""
        self._order_ids: list[str] = []
        self._seqs: list[int] = []

    async def prepare(self, redis_url: str, order_ids: list[str]) -> Answer:
        """Take the orders."""
        self._url, self._order_ids, self._seqs = redis_url, order_ids, [0] * len(order_ids)
        return {}

    async def publish(self, rate: float, seconds: float) -> Answer:
        """Send `rate` frames a second, a thousandth of that each ms; tell how many in how long, and how many not."""
        client = feed_client(self._url)
        publisher = Publisher(client)
        publisher.open()
        count, sent, turn = round(rate * seconds), 0, 0
        started = time.monotonic()
        while sent < count:
            due = min(count, int((time.monotonic() - started) * rate)) - sent
            frames = []
            for _ in range(due):
                self._seqs[turn] += 1
                frames.append(stamped_frame(self._order_ids[turn], self._seqs[turn]))
                turn = (turn + 1) % len(self._seqs)
            publisher.publish(frames)
            sent += due
            await asyncio.sleep(TICK_SECONDS)
        took = time.monotonic() - started
        await publisher.close()
        await client.aclose()
        return {"sent": sent, "dropped": publisher.dropped, "seconds": took}


if __name__ == "__main__":
    this = FramePublisher()
    uvloop.run(answer_lines({"prepare": this.prepare, "publish": this.publish}))
