"""Halts of a part of trading: of one user's orders, or of one venue."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from attrs import frozen

from application.ports.audit import AuditEntry


class HaltOf(StrEnum):
    """What a partial halt is of."""

    USER = "user"
    VENUE = "venue"


@frozen
class PartialHalt:
    """A halt of a user, whose orders are neither taken nor begun, or of a venue, which is neither asked nor sent to.

    `name` is the user's id or the venue's name; `since` is by the store's clock, in UTC.
    """

    of: HaltOf
    name: str
    since: datetime
    why: str
    by: str


class PartialHalts(Protocol):
    """Keeps them where every process sees them. Calls raise StoreUnavailable within a bounded time.

    What changes anything is an administrative `act`: it is kept in the same commit, if anything was changed.
    """

    async def all(self) -> Sequence[PartialHalt]:
        """Return those that hold now, the oldest first."""
        ...

    async def begin(self, of: HaltOf, name: str, why: str, act: AuditEntry) -> PartialHalt:
        """Halt a user or a venue, unless it is halted; return the halt that holds."""
        ...

    async def end(self, of: HaltOf, name: str, act: AuditEntry) -> PartialHalt | None:
        """End the halt of a user or a venue, for all processes; return it, None when there was none."""
        ...
