"""What is asked more often than it is worth to be read."""

import asyncio
from collections.abc import Awaitable, Callable
from math import inf
from typing import Generic, TypeVar

from attrs import define, field

from application.ports.system import Clock

Value = TypeVar("Value")


@define(eq=False)
class Remembered(Generic[Value]):
    """Reads at most once in `fresh_seconds`: who asks meanwhile, or soon after another did, gets the same answer.

    An error is not remembered.
    """

    read: Callable[[], Awaitable[Value]]
    clock: Clock
    fresh_seconds: float
    _values: list[Value] = field(factory=list, init=False)  # the last one, once there is one
    _read_at: float = field(default=-inf, init=False)
    _reading: asyncio.Lock = field(factory=asyncio.Lock, init=False)

    async def __call__(self) -> Value:
        """Return what was read last, or reads now. Raises what reading does."""
        async with self._reading:
            if not self._values or self.clock.monotonic() - self._read_at >= self.fresh_seconds:
                self._values = [await self.read()]
                self._read_at = self.clock.monotonic()
            return self._values[0]
