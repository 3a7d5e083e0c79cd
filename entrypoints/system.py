"""The machine's own time and chance."""

import asyncio
import math
import os
import secrets
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count

TICK_SECONDS = 0.01
EXACT_BELOW_SECONDS = 0.1
# A correction by more takes the time back at once; by less it stands still instead.
STANDS_STILL_NS = 1_000_000_000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# A UUID's seventh and ninth byte say what it is: random, as in RFC 9562.
_VERSION = bytes(byte & 0x0F | 0x40 for byte in range(256))
_VARIANT = bytes(byte & 0x3F | 0x80 for byte in range(256))


class SystemClock:
    """A `CorrectedClock`: the machine's time, carried on by its monotonic clock and put right by the store's.

    Sleeps of 0.1 s and more end at the next hundredth of a second: thousands of orders that wait for a venue then wake
    in groups, which share the loop's turn and their flush, instead of one by one.
    """

    def __init__(self) -> None:
        self._ahead_ns = time.time_ns() - time.monotonic_ns()  # of the monotonic clock
        self._ms = 0
        self._now = _EPOCH
        self._ticks: dict[tuple[asyncio.AbstractEventLoop, int], asyncio.Event] = {}

    def now(self) -> datetime:
        # A busy worker asks dozens of times a millisecond; all get the same object.
        ms = (time.monotonic_ns() + self._ahead_ns) // 1_000_000
        if ms > self._ms:
            self._ms, self._now = ms, _EPOCH + timedelta(milliseconds=ms)
        return self._now

    def wall(self) -> datetime:
        return datetime.now(UTC)

    def correct(self, at: datetime, asked: float, answered: float) -> None:
        # The store's time is ahead of the monotonic clock by something from `least` to `most`.
        at_ns = (at - _EPOCH) // timedelta(microseconds=1) * 1000
        least, most = at_ns - int(answered * 1e9), at_ns - int(asked * 1e9)
        ahead = min(max(self._ahead_ns, least), most)
        # Further away than half the range, its middle is nearer to any of it; else only its edge is sure to be.
        if 2 * abs(self._ahead_ns - ahead) > most - least:
            ahead = (least + most) // 2
        if ahead < self._ahead_ns - STANDS_STILL_NS:
            self._ms = 0
        self._ahead_ns = ahead

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        if seconds >= EXACT_BELOW_SECONDS:
            await self._tick_after(seconds).wait()
        elif seconds > 0:
            await asyncio.sleep(seconds)

    def _tick_after(self, seconds: float) -> asyncio.Event:
        loop = asyncio.get_running_loop()
        tick = loop, math.ceil((loop.time() + seconds) / TICK_SECONDS)
        if tick not in self._ticks:
            self._ticks[tick] = asyncio.Event()
            loop.call_at(tick[1] * TICK_SECONDS, lambda: self._ticks.pop(tick).set())
        return self._ticks[tick]


def new_secret() -> str:
    """Return 43 letters of a URL that nobody can guess: 256 bits of the system's random source."""
    return secrets.token_urlsafe(32)


class RandomIds:
    """`Ids` from the system's random source; an event's is this object's own random name and a number."""

    def __init__(self) -> None:
        self._stock = _random_ids()
        self._name = secrets.token_hex(8)
        self._numbers = count()

    def new(self) -> str:
        return next(self._stock)

    def event(self) -> str:
        return f"{self._name}{next(self._numbers):x}"


def _random_ids() -> Iterator[str]:
    """Yield UUIDs of version 4, in a seventh of the time that uuid.uuid4 takes: many are made at once.

    A copy of a process would repeat them.
    """
    while True:
        stock = bytearray(os.urandom(16 * 256))
        stock[6::16] = stock[6::16].translate(_VERSION)
        stock[8::16] = stock[8::16].translate(_VARIANT)
        digits = stock.hex()
        texts = [digits[at : at + 32] for at in range(0, len(digits), 32)]
        yield from [f"{t[:8]}-{t[8:12]}-{t[12:16]}-{t[16:20]}-{t[20:]}" for t in texts]
