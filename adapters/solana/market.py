"""What a venue on Solana is to this adapter: who offers a price, and builds the transaction that takes it."""

from decimal import Decimal
from typing import Protocol

from attrs import field, frozen

from adapters.solana.venue_api import NONSENSE
from application.ports.errors import VenueUnavailable
from domain.asset import Asset

_MOST_DIGITS = 100


@frozen
class Ask:
    """What is to be swapped, for whom: amounts in base units, all of `amount_in` and at least the limit's output."""

    input: Asset
    output: Asset
    amount_in: int
    slippage_bps: int
    wallet: str


@frozen
class Offer:
    """What a venue would give for it: `out_amount` as things stand, `min_out` whatever happens, in base units.

    `price_impact` is the share of the price that the swap itself costs. `route` is what the venue builds on, opaque to
    all but its own adapter.
    """

    out_amount: int
    min_out: int
    price_impact: Decimal
    route: bytes = field(repr=False)


def plausible(price_impact: Decimal) -> Decimal:
    """Return a share, or percentage, that one can count with. Raises VenueUnavailable."""
    if not (price_impact.is_finite() and abs(price_impact.adjusted()) < _MOST_DIGITS):
        raise VenueUnavailable(NONSENSE)
    return price_impact


class Market(Protocol):
    """One venue's API. Any call may raise VenueUnavailable, and ends within a bounded time; nothing is ever sent."""

    async def open(self) -> None:
        """Get ready; the first call connects."""
        ...

    async def close(self) -> None:
        """Close all connections. Idempotent."""
        ...

    async def offer(self, ask: Ask) -> Offer:
        """Return the venue's offer."""
        ...

    async def built(self, ask: Ask, offer: Offer) -> bytes:
        """Return one whole transaction (wire form), unsigned, that takes the offer; the wallet is to pay for it.

        It is the venue's word, and not judged yet.
        """
        ...
