"""Listens to every order's channel with nothing but a Redis connection, and tells which frames came."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from attrs import define, field

from adapters.redis.channel import PATTERN, PREFIX
from benchmarks.parts.redis_wire import RedisWire
from benchmarks.rig import Rig

_SEQ = b'"seq":'


@define
class Channel:
    """The frames that came: for each order its seqs, as bits (1 << seq); `frames` counts all, repeats too."""

    frames: int = 0
    seqs: dict[str, int] = field(factory=dict)

    def take(self, channel: bytes, text: bytes) -> None:
        """Note one frame."""
        self.frames += 1
        at = text.rindex(_SEQ) + len(_SEQ)
        seq = int(text[at : text.index(b",", at)])
        order_id = channel[len(PREFIX) :].decode()
        self.seqs[order_id] = self.seqs.get(order_id, 0) | 1 << seq

    async def missing(self, rig: Rig) -> int:
        """Return how many frames did not come of the orders that are stored, the frames of their births included."""
        orders = await rig.sql("SELECT order_id, version FROM orders")
        return sum(version + 1 - self.seqs.get(order_id, 0).bit_count() for order_id, version in orders)


@asynccontextmanager
async def listening(rig: Rig) -> AsyncIterator[Channel]:
    """Listen during the block."""
    channel = Channel()
    wire = await RedisWire.connected(rig.redis_url, channel.take)
    try:
        await wire.ask("PSUBSCRIBE", PATTERN.decode())
        yield channel
    finally:
        wire.close()
