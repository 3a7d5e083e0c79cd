"""A swap on its way to a venue: what is sent, and what can come back."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from attrs import evolve, field, frozen

from domain.money import EXACT
from domain.status import FailureReason


@frozen
class Transaction:
    """One built swap, stored whole before it is sent; `tx_hash` names it for ever.

    `limit_price` is the least acceptable output per input token (None: no limit). The venue refuses
    the transaction below that price, and after `expires_at` (UTC) by its own clock; it set that time itself.
    `payload` is what is sent, opaque to all but the venue's adapter; empty when the other fields say it all, and once
    the order has ended. `fee` is the share of the output that the venue keeps, as it was quoted.
    """

    order_id: str
    attempt: int
    tx_hash: str
    venue: str
    amount: Decimal
    limit_price: Decimal | None
    expires_at: datetime
    payload: bytes = field(default=b"", repr=False)
    fee: Decimal = Decimal(0)

    def without_payload(self) -> "Transaction":
        """Return it as it is shown, and kept of an order that has ended."""
        return evolve(self, payload=b"") if self.payload else self


@frozen
class NetworkFee:
    """What the network took for landing a swap, in units of `asset`."""

    amount: Decimal
    asset: str


@frozen
class Landing:
    """Where a chain took a transaction: `slot` is its block's place; `priority_fee` is a part of the network fee."""

    chain: str
    slot: int
    priority_fee: Decimal


@frozen
class Fill:
    """What came of a landed swap, exact, in token units.

    `amount_in` input tokens were given, `amount_out` output tokens received; the venue had kept `venue_fee` of these.
    `landing` is set by venues on a chain, whose fills are read from there.
    """

    amount_in: Decimal
    amount_out: Decimal
    venue_fee: Decimal
    network_fee: NetworkFee | None = None
    landing: Landing | None = None

    @classmethod
    def at_price(cls, amount_in: Decimal, price: Decimal, fee: Decimal) -> "Fill":
        """Return the fill of a venue that swaps at `price`, before its `fee` (a share of the output)."""
        before_fee = EXACT.multiply(amount_in, price)
        kept = EXACT.multiply(before_fee, fee)
        return cls(amount_in, EXACT.subtract(before_fee, kept), kept)

    @property
    def price(self) -> Decimal:
        """Output tokens for one input token, before fees."""
        return EXACT.divide(EXACT.add(self.amount_out, self.venue_fee), self.amount_in)


class Finality(StrEnum):
    """How sure a swap is that landed on a chain. UNDONE: in the end it swapped nothing, and never will."""

    CONFIRMED = "confirmed"
    FINALIZED = "finalized"
    UNDONE = "undone"


class TransactionStatus(StrEnum):
    """What a venue knows of a transaction.

    UNKNOWN: it has not seen it, and may still take it. DEAD: it can never land any more, which the venue's adapter has
    proven by what the venue says, never by a clock of ours.
    """

    LANDED = "landed"
    REJECTED = "rejected"
    PENDING = "pending"
    UNKNOWN = "unknown"
    DEAD = "dead"


@frozen
class TransactionReport:
    """A venue's answer about one transaction: `fill` when landed, `reason` when rejected.

    `pair` is what the venue says was swapped for what, as far as it says it.
    """

    status: TransactionStatus
    fill: Fill | None = None
    reason: FailureReason | None = None
    pair: tuple[str | None, str | None] | None = field(default=None, eq=False)


def limit_price(quoted: Decimal, slippage_bps: int | None) -> Decimal | None:
    """Return the least price a fill may have: quoted x (1 - bps/10000), exactly; None without a tolerance."""
    if slippage_bps is None:
        return None
    return EXACT.multiply(quoted, Decimal(10_000 - slippage_bps).scaleb(-4))
