"""The order: a frozen value, and the named transitions that are the only way to a new one."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Self

from attrs import evolve, frozen

from domain.errors import IllegalTransition
from domain.events import OrderEvent, Stamp
from domain.money import kept_price, nearest_price, plain
from domain.order_request import OrderRequest
from domain.origin import NOWHERE, Origin
from domain.routing import Quote, Routing, quote_of
from domain.status import TRANSITIONS, EventKind, FailureReason, OrderStatus
from domain.transaction import Fill, Transaction

Step = tuple["Order", OrderEvent]

_FETCHING = "Fetching quotes"
_UNROUTED = {"quotes": (), "chosen_venue": None, "routing": None}


@frozen(slots=False)
class Order:
    """An order at one version; `version` is the seq of its last event, 0 at birth.

    `attempt` counts from 1. `logs[seq - 1]` is the message of event `seq`. Times are UTC.
    `routing` is why the chosen venue's quote was taken; None also of orders whose worker did not say it yet.
    `transaction` is the one that may be at the venue: set from submitted on, gone when it is known not to have landed.
    `slippage_by_default`: the request named no limit, and `slippage_bps` is what held for such requests at its birth.
    A `held` order, adopted unfinished, does not run until an operator releases it; it can be cancelled and failed.
    """

    order_id: str
    user_id: str
    input_token: str
    output_token: str
    amount: Decimal
    created_at: datetime
    updated_at: datetime
    status: OrderStatus = OrderStatus.PENDING
    version: int = 0
    attempt: int = 1
    logs: tuple[str, ...] = ()
    quotes: tuple[Quote, ...] = ()
    chosen_venue: str | None = None
    routing: Routing | None = None
    transaction: Transaction | None = None
    execution_price: Decimal | None = None
    reason: FailureReason | None = None
    finished_at: datetime | None = None
    slippage_bps: int | None = None
    client_order_id: str | None = None
    held: bool = False
    slippage_by_default: bool = False
    origin: Origin = NOWHERE

    @classmethod
    def new(
        cls,
        order_id: str,
        request: OrderRequest,
        at: datetime,
        default_slippage_bps: int | None = None,
        origin: Origin = NOWHERE,
    ) -> Self:
        """Make a pending order (version 0, no logs) of a valid request; one that names no limit gets the default."""
        by_default = request.slippage_bps is None and default_slippage_bps is not None
        return cls(
            order_id=order_id,
            user_id=request.user_id,
            input_token=request.input_token,
            output_token=request.output_token,
            amount=request.amount,
            created_at=at,
            updated_at=at,
            slippage_bps=default_slippage_bps if by_default else request.slippage_bps,
            client_order_id=request.client_order_id,
            slippage_by_default=by_default,
            origin=origin,
        )

    @property
    def tx_hash(self) -> str | None:
        """The hash of the transaction that may be, or is, at the venue."""
        return self.transaction.tx_hash if self.transaction else None

    @property
    def quoted_price(self) -> Decimal | None:
        """What the chosen venue quoted for this attempt."""
        quote = quote_of(self.quotes, self.chosen_venue)
        return quote.price if quote else None

    @property
    def asked(self) -> bool:
        """Whether quotes were asked for in this attempt before, by a worker that got none or did not get further."""
        return self.chosen_venue is not None or (bool(self.logs) and self.logs[-1].startswith(_FETCHING))

    @property
    def runs(self) -> bool:
        """Whether there is a job for this order: the sweep sees to it, and a worker leaves all others alone."""
        return self.status.is_runnable and not self.held

    def asks_same_as(self, other: "Order") -> bool:
        """Whether both were made of equal requests (10 equals 10.0), whatever became of them, and what held then."""
        return _request_of(self) == _request_of(other)

    def rest(self, stamp: Stamp, awaited: str) -> Step:
        """Wait, without a job, for what is `awaited`, such as "151.2 or better"."""
        return self._step(stamp, EventKind.RESTED, f"Waiting for {awaited}")

    def trigger(self, stamp: Stamp, price: Decimal, venue: str) -> Step:
        """End the wait at the `price` (output tokens for one input token, net) that `venue` has."""
        return self._step(stamp, EventKind.TRIGGERED, f"Price reached: {plain(price)} at {venue}")

    def miss_limit(self, stamp: Stamp, price: Decimal) -> Step:
        """Wait again, since the best quote's net `price` is beyond the limit; the attempt is not used up."""
        return self._step(stamp, EventKind.LIMIT_MISSED, f"Quote {plain(price)} misses the limit, waiting again")

    def request_quotes(self, stamp: Stamp, venues: Sequence[str]) -> Step:
        """Start an attempt; the same one again when a crash cut it short after its route was chosen."""
        kind = EventKind.RESUMED if self.chosen_venue else EventKind.QUOTES_REQUESTED
        return self._step(stamp, kind, f"{_FETCHING} from {' & '.join(venues)}...")

    def choose_route(self, stamp: Stamp, quotes: Sequence[Quote], best: Quote, why: Routing) -> Step:
        """Keep this attempt's quotes, without what their venues need to build, which venue was chosen, and why."""
        return self._step(
            stamp,
            EventKind.ROUTE_CHOSEN,
            f"Best route: {best.venue}",
            quotes=tuple(evolve(quote, route=b"") if quote.route else quote for quote in quotes),
            chosen_venue=best.venue,
            routing=why,
        )

    def start_building(self, stamp: Stamp) -> Step:
        """Say that the transaction is being built."""
        return self._step(stamp, EventKind.BUILD_STARTED, "Building transaction...")

    def submit(self, stamp: Stamp, transaction: Transaction) -> Step:
        """Take the built transaction, whole, before it is sent."""
        return self._step(
            stamp, EventKind.TRANSACTION_SUBMITTED, "Transaction submitted to network...", transaction=transaction
        )

    def confirm(self, stamp: Stamp, fill: Fill) -> Step:
        """Finish with the fill of the submitted transaction."""
        return self._step(
            stamp,
            EventKind.SWAP_CONFIRMED,
            "Swap executed successfully",
            transaction=self.transaction and self.transaction.without_payload(),
            execution_price=(nearest_price if fill.landing else kept_price)(fill.price),
            fill=fill,
        )

    def fail_attempt(self, stamp: Stamp, why: str, attempts: int, retry_ms: int) -> Step:
        """End this attempt; the next one starts in `retry_ms` milliseconds."""
        wait = plain(Decimal(retry_ms) / 1000)
        message = f"Attempt {self.attempt} of {attempts} failed: {why}. Retrying in {wait} s"
        return self._step(stamp, EventKind.ATTEMPT_FAILED, message)

    def fail(self, stamp: Stamp, reason: FailureReason) -> Step:
        """Finish without a swap. A submitted order is only failed when its transaction cannot have landed."""
        kinds = {FailureReason.CANCELLED: EventKind.CANCELLED}
        return self._step(stamp, kinds.get(reason, EventKind.FAILED), reason.message, reason=reason)

    def expire(self, stamp: Stamp) -> Step:
        """Finish an order that got too old before anything was submitted."""
        return self._step(stamp, EventKind.EXPIRED, FailureReason.EXPIRED.message, reason=FailureReason.EXPIRED)

    def apply(self, event: OrderEvent) -> "Order":
        """Return the order after `event`.

        Raises IllegalTransition, with nothing changed, when the event is not this order's next one or the table
        does not allow it.
        """
        if event.order_id != self.order_id or event.seq != self.version + 1 or event.attempt != self.attempt:
            raise IllegalTransition(f"event {event.seq} is not the next one of version {self.version}")
        if event.status is not self._after(event.kind):
            raise IllegalTransition(f"{event.kind} does not lead to {event.status}")
        # What attrs.evolve does, in a tenth of the time: it would be the largest part of executing an order.
        after = object.__new__(Order)
        fields = vars(after)
        fields.update(vars(self))
        fields["status"] = event.status
        fields["version"] = event.seq
        fields["updated_at"] = event.at
        fields["logs"] = (*self.logs, event.message)
        fields["finished_at"] = event.at if event.status.is_final else None
        fields.update(self._changes(event))
        return after

    def _step(self, stamp: Stamp, kind: EventKind, message: str, **fields: Any) -> Step:
        event = OrderEvent(
            order_id=self.order_id,
            user_id=self.user_id,
            seq=self.version + 1,
            event_id=stamp.event_id,
            kind=kind,
            status=self._after(kind),
            message=message,
            attempt=self.attempt,
            at=stamp.at,
            **fields,
        )
        return self.apply(event), event

    def _after(self, kind: EventKind) -> OrderStatus:
        try:
            return TRANSITIONS[self.status, kind]
        except KeyError:
            raise IllegalTransition(f"{kind} cannot happen to an order that is {self.status}") from None

    def _changes(self, event: OrderEvent) -> dict[str, Any]:
        """Return the fields that this kind of event sets beyond status, version, logs and times."""
        match event.kind:
            case EventKind.RESTED | EventKind.TRIGGERED | EventKind.QUOTES_REQUESTED | EventKind.BUILD_STARTED:
                return {}
            case EventKind.ROUTE_CHOSEN:
                return {"quotes": event.quotes, "chosen_venue": event.chosen_venue, "routing": event.routing}
            case EventKind.TRANSACTION_SUBMITTED:
                return {"transaction": event.transaction}
            case EventKind.SWAP_CONFIRMED:
                return {"transaction": event.transaction, "execution_price": event.execution_price}
            case EventKind.RESUMED | EventKind.LIMIT_MISSED:
                return _UNROUTED
            case EventKind.ATTEMPT_FAILED:
                return {"attempt": self.attempt + 1, "transaction": None, **_UNROUTED}
            case EventKind.CANCELLED | EventKind.EXPIRED | EventKind.FAILED:
                return {"transaction": None, "reason": event.reason}


def _request_of(order: Order) -> tuple[object, ...]:
    return (
        order.user_id,
        order.input_token,
        order.output_token,
        order.amount,
        None if order.slippage_by_default else order.slippage_bps,
        order.client_order_id,
    )
