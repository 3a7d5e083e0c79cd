"""A swap on its way to a venue: what is sent, and what can come back."""

from datetime import datetime
from decimal import Context, Decimal
from enum import StrEnum

from attrs import frozen

from domain.status import FailureReason

_EXACT = Context(prec=60)


@frozen
class Transaction:
    """One built swap, stored whole before it is sent; `tx_hash` names it for ever.

    `limit_price` is the least acceptable output per input token (None: no limit). The venue refuses
    the transaction below that price, and after `expires_at` (UTC) by its own clock.
    """

    order_id: str
    attempt: int
    tx_hash: str
    venue: str
    amount: Decimal
    limit_price: Decimal | None
    expires_at: datetime


@frozen
class Fill:
    """A landed swap: `price` in output tokens for one input token, before fees."""

    price: Decimal


class TransactionStatus(StrEnum):
    """What a venue knows of a transaction."""

    LANDED = "landed"
    REJECTED = "rejected"
    PENDING = "pending"
    UNKNOWN = "unknown"


@frozen
class TransactionReport:
    """A venue's answer about one transaction: `fill` when landed, `reason` when rejected."""

    status: TransactionStatus
    fill: Fill | None = None
    reason: FailureReason | None = None


def limit_price(quoted: Decimal, slippage_bps: int | None) -> Decimal | None:
    """Return the least price a fill may have: quoted x (1 - bps/10000), exactly; None without a tolerance."""
    if slippage_bps is None:
        return None
    return _EXACT.multiply(quoted, Decimal(10_000 - slippage_bps).scaleb(-4))
