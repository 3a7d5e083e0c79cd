"""A place that swaps tokens: quoting, building, sending a swap, and asking what became of it."""

from typing import Protocol

from domain.order import Order
from domain.routing import Quote
from domain.transaction import Transaction, TransactionReport


class Venue(Protocol):
    """One venue. Any call may raise VenueUnavailable: it gave no answer that settles the matter.

    VenueUnreachable, below it, is for a venue that nothing was heard of: another process may reach it.
    Of a transaction that a venue of another kind built, whose name it has now, it settles nothing either.
    """

    @property
    def name(self) -> str:
        """What clients see it called; no other venue of the engine has the name."""
        ...

    async def quote(self, order: Order) -> Quote:
        """Offer a price for this attempt of the order."""
        ...

    async def build(self, order: Order, quote: Quote) -> Transaction:
        """Build the swap that was quoted, for this attempt; nothing is sent. Built again, it may be another.

        It carries all that `send` and `lookup` need, also of another process: they are given nothing else.
        """
        ...

    async def send(self, transaction: Transaction) -> TransactionReport:
        """Send the transaction and wait, for a bounded time, for its end; PENDING when it has not come.

        Idempotent by hash: sent again, by whomever and however late, it lands at most once, or never.
        """
        ...

    async def lookup(self, transaction: Transaction) -> TransactionReport:
        """Return what became of a transaction; sends nothing.

        UNKNOWN: the venue has not seen it, which proves nothing: it is sent again, the same. LANDED, REJECTED and DEAD
        are for ever, and DEAD only when the venue's own word proves that the transaction can never land.
        """
        ...
