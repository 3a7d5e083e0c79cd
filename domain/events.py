"""What one transition of an order says."""

from datetime import datetime
from decimal import Decimal

from attrs import frozen

from domain.routing import Quote, Routing
from domain.status import EventKind, FailureReason, OrderStatus
from domain.transaction import Fill, Transaction


@frozen
class Stamp:
    """Identity and time of an event, given from outside: a unique `event_id`, and `at` in UTC to the millisecond."""

    event_id: str
    at: datetime


@frozen(slots=False)  # half the time to make one, and an order has five
class OrderEvent:
    """One step of an order: the `seq`-th, counted from 1 without gaps.

    `status` is the order's after the step, `attempt` the attempt that the step belongs to.
    The fields after `at` are set by the kinds that know them.
    """

    order_id: str
    user_id: str
    seq: int
    event_id: str
    kind: EventKind
    status: OrderStatus
    message: str
    attempt: int
    at: datetime
    quotes: tuple[Quote, ...] = ()
    chosen_venue: str | None = None
    routing: Routing | None = None
    transaction: Transaction | None = None
    execution_price: Decimal | None = None
    fill: Fill | None = None
    reason: FailureReason | None = None
