"""All venues side by side: the only place that knows that there are several."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from statistics import median

from attrs import frozen

from application.ports.errors import VenueUnavailable
from application.ports.venue import Venue
from domain.order import Order
from domain.routing import Quote
from domain.transaction import Transaction, TransactionReport

LATE = "took too long"
_BPS = Decimal(10_000)

Refusal = tuple[str, str]  # the venue's name, and why


@frozen
class Quotes:
    """What the venues offer, in their order, and why the others are left out."""

    quotes: tuple[Quote, ...]
    refusals: tuple[Refusal, ...] = ()


@frozen
class Venues:
    """Asks all venues for quotes at once; every other call goes to the venue that is named.

    Each has `quote_seconds` to quote. With a `band_bps` above 0, who quotes further than that from the median is left
    out; of two that differ by more than that neither can be believed. A lone quote is taken as it is.
    """

    venues: tuple[Venue, ...]
    quote_seconds: float = 3.0
    band_bps: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        """The venues' names, in the order in which clients are told them."""
        return tuple(venue.name for venue in self.venues)

    async def quotes(self, order: Order) -> Quotes:
        """Ask all venues. One that fails or is late is a refusal, never an error."""
        asked = [asyncio.create_task(_quote(venue, order)) for venue in self.venues]
        try:
            _, late = await asyncio.wait(asked, timeout=self.quote_seconds)
        finally:
            for call in asked:
                call.cancel()
        if late:
            await asyncio.wait(late)
        answers = [LATE if call in late else call.result() for call in asked]
        offers = [answer for answer in answers if isinstance(answer, Quote)]
        refusals = [(v.name, why) for v, why in zip(self.venues, answers, strict=True) if isinstance(why, str)]
        believed, outliers = self._in_band(offers)
        return Quotes(tuple(believed), (*refusals, *outliers))

    async def build(self, order: Order, quote: Quote) -> Transaction:
        """Have the quote's venue build the swap. Raises VenueUnavailable."""
        return await self._named(quote.venue).build(order, quote)

    async def send(self, transaction: Transaction) -> TransactionReport:
        """Have the transaction's venue send it. Raises VenueUnavailable."""
        return await self._named(transaction.venue).send(transaction)

    async def lookup(self, transaction: Transaction) -> TransactionReport:
        """Ask the transaction's venue what became of it. Raises VenueUnavailable."""
        return await self._named(transaction.venue).lookup(transaction)

    def _named(self, name: str) -> Venue:
        for venue in self.venues:
            if venue.name == name:
                return venue
        raise VenueUnavailable(f"{name} is not among the venues")

    def _in_band(self, quotes: Sequence[Quote]) -> tuple[Sequence[Quote], Sequence[Refusal]]:
        if not self.band_bps or len(quotes) < 2:
            return quotes, ()
        middle = median(quote.price for quote in quotes)
        width = middle * self.band_bps / _BPS
        if len(quotes) == 2:  # each is half their difference away from the middle
            width /= 2
        outside = [quote for quote in quotes if abs(quote.price - middle) > width]
        why = f"quotes further than {self.band_bps} bps from the others"
        return [quote for quote in quotes if quote not in outside], [(quote.venue, why) for quote in outside]


async def _quote(venue: Venue, order: Order) -> Quote | str:
    try:
        return await venue.quote(order)
    except VenueUnavailable as refusal:
        return str(refusal)
