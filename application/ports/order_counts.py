"""How many orders were taken and ended lately, by all processes together."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Protocol

from attrs import frozen

# By the names of the wire.
WINDOWS: Mapping[str, timedelta] = MappingProxyType(
    {"1m": timedelta(minutes=1), "1h": timedelta(hours=1), "24h": timedelta(hours=24)}
)


@frozen
class Counts:
    """Orders that were accepted, and that ended; a cancelled one is not among those that failed."""

    accepted: int = 0
    confirmed: int = 0
    failed: int = 0
    cancelled: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*(one + more for one, more in zip(self.numbers, other.numbers, strict=True)))

    def __sub__(self, other: "Counts") -> "Counts":
        return Counts(*(one - less for one, less in zip(self.numbers, other.numbers, strict=True)))

    @property
    def numbers(self) -> tuple[int, int, int, int]:
        """All four, in this order."""
        return self.accepted, self.confirmed, self.failed, self.cancelled


@frozen
class CountedPart:
    """What one process counted up to a moment (the store's time, UTC) since its last part; `number` rises from 1."""

    number: int
    at: datetime
    counts: Counts


class OrderCounts(Protocol):
    """Keeps counts for a day. Calls raise StoreUnavailable within a bounded time."""

    async def keep(self, process: str, part: CountedPart) -> None:
        """Keep a part of a process, whose name no other has. Idempotent: the same number counts once."""
        ...

    async def windows(self) -> Mapping[str, Counts]:
        """Add up what was counted in each of WINDOWS, up to now, by the store's clock.

        `1m` by the moments of parts, the others by whole minutes: they may lack a part of their first one.
        """
        ...
