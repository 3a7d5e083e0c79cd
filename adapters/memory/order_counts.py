"""Counts of orders in this process's memory."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from attrs import define, field

from application.ports.order_counts import WINDOWS, CountedPart, Counts
from application.ports.system import Clock

_KEPT = max(WINDOWS.values()) + timedelta(minutes=1)


@define(eq=False)
class InMemoryOrderCounts:
    """Keeps parts as they came; what is older than all windows goes."""

    clock: Clock
    _parts: list[tuple[datetime, Counts]] = field(factory=list, init=False)
    _numbers: dict[str, int] = field(factory=dict, init=False)

    async def keep(self, process: str, part: CountedPart) -> None:
        if part.number <= self._numbers.get(process, 0):
            return
        self._numbers[process] = part.number
        self._parts = [(at, counts) for at, counts in self._parts if at > self.clock.now() - _KEPT]
        self._parts.append((part.at, part.counts))

    async def windows(self) -> Mapping[str, Counts]:
        now = self.clock.now()
        return {
            name: sum((counts for at, counts in self._parts if at > now - length), Counts())
            for name, length in WINDOWS.items()
        }
