"""The record of administrative acts: who did what, when, from where, and what it changed. It is only ever added to."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from attrs import frozen

Fact = str | int | float | bool | None | Sequence[str]
Facts = Mapping[str, Fact]  # no secrets


class Outcome(StrEnum):
    """What came of an act; one beyond the store has an entry as it begins, and another as it ended.

    NOTHING: there was nothing to change. UNKNOWN: the server that was asked did not answer.
    """

    DONE = "done"
    BEGUN = "begun"
    NOTHING = "nothing"
    UNKNOWN = "unknown"


@frozen
class AuditEntry:
    """An act, for the record. `what` is a verb of a subject ("orders.fail"), `origin` an address or a host's name.

    `before` and `after` are what it changes, as far as it is known, and never a secret.
    """

    who: str
    origin: str
    request_id: str | None
    what: str
    subject: str | None = None
    before: Facts | None = None
    after: Facts | None = None
    outcome: Outcome = Outcome.DONE


@frozen
class AuditRecord:
    """An entry that was kept: its number, which rises, and when (the store's clock, UTC)."""

    number: int
    at: datetime
    entry: AuditEntry


@frozen
class AuditFilter:
    """Which records to list; None means any."""

    since: datetime | None = None
    who: str | None = None
    what: str | None = None


@frozen
class AuditPage:
    """One page of the record; `next_before` is None on the last, and only there."""

    records: tuple[AuditRecord, ...]
    next_before: int | None


class Audit(Protocol):
    """The record itself. Calls raise StoreUnavailable within a bounded time.

    Acts on what the store keeps are noted in their own commit: their calls take the entry (`Record.act`,
    `TradingHalts.start`), and do nothing when it cannot be kept. `write` is for acts on anything else.
    """

    async def write(self, entry: AuditEntry) -> None:
        """Keep an entry by itself. Raises DataRefused when it can never be kept."""
        ...

    async def records(self, query: AuditFilter, before: int | None, limit: int) -> AuditPage:
        """Return records newest first, at most `limit` (1 to 200), numbered below `before` (None: from the newest)."""
        ...
