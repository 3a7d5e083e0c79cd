"""The venues: quoting, building, swapping, and asking what became of a swap."""

from typing import Protocol

from attrs import frozen

from domain.order import Order
from domain.routing import Quote
from domain.transaction import Fill, Transaction, TransactionReport


@frozen
class Quotes:
    """What the venues answered: quotes of those that did, and why the others did not (`venue -> reason`)."""

    quotes: tuple[Quote, ...]
    refusals: tuple[tuple[str, str], ...] = ()


class DexGateway(Protocol):
    """All venues behind one door."""

    @property
    def venues(self) -> tuple[str, ...]:
        """The venues' names, in the order in which they are told to clients."""
        ...

    async def quotes(self, order: Order) -> Quotes:
        """Ask all venues at the same time. A venue that fails or is late is a refusal, never an error."""
        ...

    async def build(self, order: Order, quote: Quote) -> Transaction:
        """Build the swap for this attempt; nothing is sent. Raises VenueUnavailable."""
        ...

    async def execute(self, transaction: Transaction) -> Fill:
        """Send the transaction and wait for its end. Idempotent by hash: sent twice, it lands at most once.

        Raises TransactionRejected when it has not landed and never will;
        VenueUnavailable when nobody knows: ask `lookup`.
        """
        ...

    async def lookup(self, transaction: Transaction) -> TransactionReport:
        """Tell what became of a transaction. UNKNOWN: the venue never saw it. Raises VenueUnavailable."""
        ...
