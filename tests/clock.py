"""A clock that stands still until a test moves it."""

import asyncio
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import count

from tests.builders import START

# How often other tasks get their turn after each step in time: enough for chains of awaits that need no I/O.
_TURNS = 50


class ManualClock:
    """A `CorrectedClock` moved by `advance`; `wrong_by` is how far its machine's time is ahead of it."""

    def __init__(self, start: datetime = START) -> None:
        self.wrong_by = timedelta()
        self._start = start
        self._elapsed = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = count()

    def now(self) -> datetime:
        now = self._start + timedelta(seconds=self._elapsed)
        return now.replace(microsecond=now.microsecond // 1000 * 1000)

    def wall(self) -> datetime:
        return self.now() + self.wrong_by

    def correct(self, at: datetime, asked: float, answered: float) -> None:
        """Do nothing: tests move it."""

    def monotonic(self) -> float:
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heappush(self._sleepers, (self._elapsed + seconds, next(self._numbers), woken))
        await woken

    async def advance(self, seconds: float) -> None:
        """Move time, stopping where a sleeper is due: it goes on, perhaps to its next sleep, before time does."""
        await self.settle()
        end = self._elapsed + seconds
        while self._sleepers and self._sleepers[0][0] <= end:
            due, _, woken = heappop(self._sleepers)
            if woken.done():
                continue
            self._elapsed = due
            woken.set_result(None)
            await self.settle()
        self._elapsed = end

    async def step(self, seconds: float) -> None:
        """Set the time forward, or back; none passes."""
        self._start += timedelta(seconds=seconds)

    async def settle(self) -> None:
        """Let the other tasks run as far as they get without time passing."""
        for _ in range(_TURNS):
            await asyncio.sleep(0)
