"""Counts what is published, with nothing between it and Redis: the reference beside `fan_out`."""

import gc
import time
from array import array

import uvloop

from benchmarks.parts.helper import Answer, answer_lines
from benchmarks.parts.latencies import summary_ms
from benchmarks.parts.redis_wire import RedisWire
from benchmarks.parts.stamped_frames import stamp_of

PATTERN = "updates:*"


class BareSubscriber:
    """One connection that listens to all orders' channels."""

    def __init__(self) -> None:
        self._late = array("Q")

    async def listen(self, redis_url: str) -> Answer:
        """Subscribe."""
        wire = await RedisWire.connected(redis_url, self._take)
        await wire.ask("PSUBSCRIBE", PATTERN)
        gc.freeze()
        return {}

    async def count(self) -> Answer:
        """Tell how many messages came so far."""
        return {"count": len(self._late)}

    async def report(self) -> Answer:
        """Tell how many messages came since the last report, and how long after they were sent."""
        late, self._late = self._late, array("Q")
        return summary_ms(late)

    def _take(self, channel: bytes, text: bytes) -> None:
        self._late.append(time.monotonic_ns() - stamp_of(text))


if __name__ == "__main__":
    this = BareSubscriber()
    uvloop.run(answer_lines({"listen": this.listen, "count": this.count, "report": this.report}))
