"""The life of an order: its states, what can happen to it, and the one table that joins them."""

from enum import StrEnum
from types import MappingProxyType


class OrderStatus(StrEnum):
    """Where an order is; the values are the wire's."""

    PENDING = "pending"
    RESTING = "resting"
    ROUTING = "routing"
    BUILDING = "building"
    SUBMITTED = "submitted"
    CONFIRMED = "confirmed"
    FAILED = "failed"

    @property
    def is_runnable(self) -> bool:
        """Whether an order in this state has a job, unless it is held (`Order.runs`)."""
        return self in RUNNABLE

    @property
    def is_final(self) -> bool:
        """Whether an order in this state never changes again."""
        return self in FINAL


class EventKind(StrEnum):
    """What can happen to an order."""

    QUOTES_REQUESTED = "quotes_requested"
    ROUTE_CHOSEN = "route_chosen"
    BUILD_STARTED = "build_started"
    TRANSACTION_SUBMITTED = "transaction_submitted"
    SWAP_CONFIRMED = "swap_confirmed"
    ATTEMPT_FAILED = "attempt_failed"
    RESUMED = "resumed"
    RESTED = "rested"
    TRIGGERED = "triggered"
    LIMIT_MISSED = "limit_missed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    FAILED = "failed"


class FailureReason(StrEnum):
    """Why an attempt or an order failed; the values are the wire's `reasonCode`."""

    SLIPPAGE_EXCEEDED = "slippage_exceeded"
    VENUE_UNAVAILABLE = "venue_unavailable"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    TRANSACTION_EXPIRED = "transaction_expired"
    INSUFFICIENT_FUNDS = "insufficient_funds"
    UNSAFE_TRANSACTION = "unsafe_transaction"
    PRICE_IMPACT = "price_impact"
    INTERNAL_ERROR = "internal_error"

    @property
    def message(self) -> str:
        """The text that clients see for this reason."""
        return _REASON_MESSAGES[self]


_REASON_MESSAGES = MappingProxyType(
    {
        FailureReason.SLIPPAGE_EXCEEDED: "Slippage tolerance exceeded",
        FailureReason.VENUE_UNAVAILABLE: "No venue could quote",
        FailureReason.CANCELLED: "Order cancelled",
        FailureReason.EXPIRED: "Order expired",
        FailureReason.TRANSACTION_EXPIRED: "Transaction expired",
        FailureReason.INSUFFICIENT_FUNDS: "Not enough balance",
        FailureReason.UNSAFE_TRANSACTION: "The venue's transaction was refused",
        FailureReason.PRICE_IMPACT: "Price impact too high",
        FailureReason.INTERNAL_ERROR: "Internal error",
    }
)

_S, _E = OrderStatus, EventKind

# Each state is in one of three groups: it has a job, it rests (waits for a price, without a job), or it is final.
RUNNABLE = frozenset({_S.PENDING, _S.ROUTING, _S.BUILDING, _S.SUBMITTED})
RESTING = frozenset({_S.RESTING})
FINAL = frozenset({_S.CONFIRMED, _S.FAILED})

TRANSITIONS = MappingProxyType(
    {
        (_S.PENDING, _E.QUOTES_REQUESTED): _S.ROUTING,
        (_S.PENDING, _E.RESTED): _S.RESTING,
        (_S.PENDING, _E.CANCELLED): _S.FAILED,
        (_S.PENDING, _E.EXPIRED): _S.FAILED,
        (_S.PENDING, _E.FAILED): _S.FAILED,
        # It goes on as a market order: the next event requests quotes.
        (_S.RESTING, _E.TRIGGERED): _S.ROUTING,
        (_S.RESTING, _E.CANCELLED): _S.FAILED,
        (_S.RESTING, _E.EXPIRED): _S.FAILED,
        # Only an operator ends one so: it has no attempt that could fail.
        (_S.RESTING, _E.FAILED): _S.FAILED,
        # The next attempt starts where the failed one left the order: in routing.
        (_S.ROUTING, _E.QUOTES_REQUESTED): _S.ROUTING,
        (_S.ROUTING, _E.ROUTE_CHOSEN): _S.ROUTING,
        (_S.ROUTING, _E.BUILD_STARTED): _S.BUILDING,
        (_S.ROUTING, _E.ATTEMPT_FAILED): _S.ROUTING,
        (_S.ROUTING, _E.RESUMED): _S.ROUTING,
        # No venue failed, the price went away: the attempt is not used up.
        (_S.ROUTING, _E.LIMIT_MISSED): _S.RESTING,
        (_S.ROUTING, _E.CANCELLED): _S.FAILED,
        (_S.ROUTING, _E.EXPIRED): _S.FAILED,
        (_S.ROUTING, _E.FAILED): _S.FAILED,
        (_S.BUILDING, _E.TRANSACTION_SUBMITTED): _S.SUBMITTED,
        (_S.BUILDING, _E.ATTEMPT_FAILED): _S.ROUTING,
        # Nothing was sent yet, so a crash while building may start the attempt again.
        (_S.BUILDING, _E.RESUMED): _S.ROUTING,
        (_S.BUILDING, _E.CANCELLED): _S.FAILED,
        (_S.BUILDING, _E.EXPIRED): _S.FAILED,
        (_S.BUILDING, _E.FAILED): _S.FAILED,
        # From here the swap may have landed: no cancelling, no resuming. These two failures
        # are only for a transaction that is known to be rejected or dead.
        (_S.SUBMITTED, _E.SWAP_CONFIRMED): _S.CONFIRMED,
        (_S.SUBMITTED, _E.ATTEMPT_FAILED): _S.ROUTING,
        (_S.SUBMITTED, _E.FAILED): _S.FAILED,
    }
)
