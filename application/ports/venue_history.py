"""What some venues can say beside `Venue`: all that they were sent, whoever knows of it still."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

from attrs import frozen

from domain.transaction import Transaction, TransactionReport


@frozen
class Received:
    """A transaction that a venue was sent, as the venue describes it, what became of it, and when it came (UTC)."""

    transaction: Transaction
    report: TransactionReport
    at: datetime


@runtime_checkable
class VenueHistory(Protocol):
    """A venue that remembers. An adapter of one that does not has no such call."""

    def received(self, since: datetime) -> AsyncIterator[Sequence[Received]]:
        """Go through all that came from `since` (UTC, the venue's clock) on, each once, the oldest first, page by page.

        Raises NotOffered when this venue has no such list, VenueUnavailable when it did not answer.
        """
        ...
