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


class CorrectedClock(Clock, Protocol):
    """A clock that is kept on the store's time: a step of the machine's own changes nothing that `now` says."""

    def wall(self) -> datetime:
        """Return the machine's own time in UTC, aware."""
        ...

    def correct(self, at: datetime, asked: float, answered: float) -> None:
        """Take note that it was `at` in the store at some moment between two of `monotonic`.

        However long that took, `now` is afterwards no further from the store's time than it was. Small corrections do
        not take it back: it stands still.
        """
        ...


class StoreClock(Protocol):
    """The clock of the server that keeps the orders: of all machines' the one that counts."""

    async def read_clock(self) -> datetime:
        """Return its time in UTC, aware, at some moment of the call. Raises StoreUnavailable, within a bounded time."""
        ...


class Ids(Protocol):
    """Gives names that were never used before."""

    def new(self) -> str:
        """Return a random UUIDv4 in its canonical text form."""
        ...

    def event(self) -> str:
        """Return a short name for an event; no other process gives the same."""
        ...
