"""Time and identity, passed in so that tests can hold them still."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Reads and spends time."""

    def now(self) -> datetime:
        """Return the time in UTC, aware, cut to the millisecond."""
        ...

    def monotonic(self) -> float:
        """Seconds since some fixed moment; never goes back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds`; at once, without yielding, for 0 or less."""
        ...


class Ids(Protocol):
    """Gives names that were never used before."""

    def new(self) -> str:
        """Return a random UUIDv4 in its canonical text form."""
        ...

    def event(self) -> str:
        """Return a short name for an event; no other process gives the same."""
        ...
