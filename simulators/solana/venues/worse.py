"""Venues that quote less than the market has, or put less into the bytes than they quoted."""

from attrs import evolve

from simulators.solana.faults import Fault
from simulators.solana.markets import Offer
from simulators.solana.venues.builds import Limit


def worse(offer: Offer, fault: Fault | None) -> Offer:
    """Return the offer, 2% worse if there is such a fault."""
    return evolve(offer, amount_out=offer.amount_out * 98 // 100) if fault is Fault.WORSE_QUOTE else offer


def bytes_of(limit: Limit, fault: Fault | None) -> Limit:
    """Return the limit as the bytes say it: half of it if there is such a fault."""
    return evolve(limit, quoted=limit.quoted // 2) if fault is Fault.LOW_MIN_OUT else limit
