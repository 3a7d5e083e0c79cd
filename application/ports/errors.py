"""What a port can report. Adapters raise these, chained to the driver's own error."""

from typing import ClassVar, Literal

from domain.status import FailureReason


class PortError(Exception):
    """Something outside failed; `code` is stable and safe to show, the text may only be logged."""

    code: ClassVar[str] = "internal"


class StoreUnavailable(PortError):
    """The store cannot answer now. A write did not happen, or `accepted` is "unknown" when nobody knows."""

    code = "store_unavailable"

    def __init__(self, message: str = "the store is away", accepted: Literal[False, "unknown"] = False) -> None:
        super().__init__(message)
        self.accepted = accepted


class StoreUnfit(StoreUnavailable):
    """The store can never serve as it is; the text says why, and what an operator can do."""


class Overloaded(PortError):
    """Too much is waiting already; nothing was taken."""

    code = "overloaded"


class DataRefused(PortError):
    """The store can never take this write: its data breaks a rule of the store. Repeating it is useless."""


class UnreadableOrder(PortError):
    """What the store holds of one order makes no sense (a row changed by hand, say). Other orders are not affected.

    `user_id` is whose order it is, None when that cannot be read either.
    """

    def __init__(self, message: str, user_id: str | None = None) -> None:
        super().__init__(message)
        self.user_id = user_id


class InvalidCursor(PortError):
    """A cursor that this list never gave out."""


class StaleOrder(PortError):
    """Another writer moved the order on; nothing was written."""


class TransactionUsed(PortError):
    """Another order was confirmed with this transaction: nothing was written."""


class IdempotencyKeyReused(PortError):
    """This user's idempotency key belongs to an order that asks for something else."""

    code = "idempotency_key_reused"


class ClientOrderIdConflict(PortError):
    """This user's clientOrderId belongs to an order that asks for something else."""

    code = "client_order_id_conflict"


class QueueUnavailable(PortError):
    """The queue cannot be reached; whether the call took effect is unknown."""

    code = "queue_unavailable"


class LeaseLost(PortError):
    """The job is no longer this holder's: its lease ran out and another has it, or it is gone."""


class VenueUnavailable(PortError):
    """A venue gave no answer that settles the matter. For a sent transaction the outcome is unknown."""


class VenueUnreachable(VenueUnavailable):
    """Nothing answered at the venue's address: neither TCP nor TLS. What was on its way may have arrived."""


class VenueStopped(VenueUnavailable):
    """The venue is halted by the engine or an operator: nothing is sent to it, and nothing was."""


class VenueContradicts(VenueUnavailable):
    """The venue says that a transaction landed, and it cannot be what it was sent: nobody but a person settles that."""


class BuildRefused(VenueUnavailable):
    """No transaction was built: `reason` says why, and `final` that another attempt would come to the same."""

    def __init__(self, message: str, reason: FailureReason, *, final: bool = False) -> None:
        super().__init__(message)
        self.reason = reason
        self.final = final


class SignerUnavailable(PortError):
    """A wallet's signer did not sign, or the wallet is none of ours."""


class NotOffered(VenueUnavailable):
    """The venue does not have what was asked for, and never will."""
