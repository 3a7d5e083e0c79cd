"""What a chain makes of landed swaps in the end: who knows, and which are still open."""

from datetime import datetime
from typing import Protocol, runtime_checkable

from attrs import frozen

from domain.transaction import Fill, Finality, Transaction


@frozen
class Settlement:
    """How a swap that was confirmed ended, for ever: FINALIZED with the `fill` that stays, or UNDONE.

    The fill may be another than the confirmed one: what a fork undid can land again, at another price.
    """

    finality: Finality
    fill: Fill | None = None


@runtime_checkable
class Finalities(Protocol):
    """A venue whose swaps land on a chain, which may undo what it confirmed. An adapter of another has no such call."""

    async def settled(self, transaction: Transaction) -> Settlement | None:
        """Return how a landed transaction ended; None while that is open. The same bytes are sent again meanwhile.

        UNDONE: the chain itself proves that it can never land any more, or it landed again and failed, for good.
        Raises VenueUnavailable when the chain gave no answer that settles the matter.
        """
        ...


@frozen
class Unsettled:
    """A landed swap that its chain may still undo: the transaction with its payload, the fill, when it landed (UTC)."""

    transaction: Transaction
    fill: Fill
    at: datetime


@frozen
class UnsettledPage:
    """One page of unsettled swaps, and where the next one starts (None: that was the last)."""

    swaps: tuple[Unsettled, ...]
    next_after: str | None


class UnsettledSwaps(Protocol):
    """Those of the swaps that `OrderStore.append` kept which are confirmed, and neither finalized nor undone.

    Their payloads are kept until they are settled. Raises StoreUnavailable within a bounded time.
    """

    async def unsettled(self, after: str | None, limit: int, apart_seconds: float) -> UnsettledPage:
        """Return at most `limit`, oldest first; start with `after=None`.

        Of all callers, in whichever process, one gets a first page in `apart_seconds` by the store's clock: for the
        others it is empty and the last. What cannot be read is left out.
        """
        ...

    async def settle(self, order_id: str, settlement: Settlement) -> bool:
        """Keep how the order's swap ended, and its last fill; say whether it was unsettled until now."""
        ...
