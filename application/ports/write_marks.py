"""A place outside the store for what the store acknowledged: a hint for processes that start after it went back."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from attrs import frozen


@frozen
class WriteMark:
    """A write that the store acknowledged: of which database, on which timeline, at `at` by the store's clock (UTC)."""

    system: str
    database: str
    timeline: int
    order_id: str
    version: int
    at: datetime


class WriteMarks(Protocol):
    """Keeps the newest marks of all processes for a day. It may lose them, or hold false ones: they are no proof.

    Raises QueueUnavailable within a bounded time.
    """

    async def leave(self, mark: WriteMark) -> None:
        """Keep a mark; the oldest of many go."""
        ...

    async def left(self) -> Sequence[WriteMark]:
        """Return what is there, the newest first; what makes no sense is left out."""
        ...
