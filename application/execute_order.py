"""Run an order: quotes, route, build, submit, swap, confirm. Each step is stored before it is told."""

from datetime import datetime, timedelta

from attrs import field, frozen

from application import observe
from application.ports.dex_gateway import DexGateway
from application.ports.errors import (
    Overloaded,
    StaleOrder,
    StoreUnavailable,
    TransactionRejected,
    VenueUnavailable,
)
from application.ports.order_store import OrderStore
from application.ports.system import Clock, Ids
from application.ports.update_feed import UpdateFeed
from application.retry_policy import RetryPolicy
from domain.events import Stamp
from domain.order import Order, Step
from domain.routing import RoutingPolicy
from domain.status import FailureReason, OrderStatus
from domain.transaction import Fill, Transaction, TransactionStatus

STORE_BACKOFF_SECONDS = (0.1, 0.2, 0.5, 1.0)
LOOKUP_SECONDS = 1.0
EXPIRY_MARGIN = timedelta(seconds=5)


@frozen
class Done:
    """Nothing is left to do for this order."""


@frozen
class RetryIn:
    """The order goes on later; its worker is free until then."""

    seconds: float


Outcome = Done | RetryIn


@frozen
class ExecuteOrder:
    """Takes an order as far as it goes now. Safe to call again, by anyone, after a stop at any instruction.

    An order that is older than `max_age_seconds` (0: no limit) is not submitted any more, but fails as expired.
    """

    store: OrderStore
    feed: UpdateFeed
    gateway: DexGateway
    clock: Clock
    ids: Ids
    policy: RoutingPolicy
    retries: RetryPolicy = field(factory=RetryPolicy)
    max_age_seconds: float = 0.0

    async def __call__(self, order_id: str) -> Outcome:
        """Execute the order from wherever it stopped."""
        order = await self._load(order_id)
        if order is None or order.status.is_final:
            return Done()
        try:
            if order.status is OrderStatus.SUBMITTED:
                return await self._settle(order)
            return await self._attempt(order)
        except StaleOrder:
            observe.stale_write_refused(order_id, order.version)
            latest = await self._load(order_id)
            # Not final: whoever moved the order has it; this job comes back later, in case they stop.
            return Done() if latest is None or latest.status.is_final else RetryIn(LOOKUP_SECONDS)

    async def _attempt(self, order: Order) -> Outcome:
        if self._too_old(order):
            return await self._expire(order)
        order = await self._record(order, order.request_quotes(self._stamp(), self.gateway.venues))
        answer = await self.gateway.quotes(order)
        for venue, why in answer.refusals:
            observe.venue_refused(order.order_id, order.attempt, venue, why)
        if not answer.quotes:
            return await self._fail_attempt(order, FailureReason.VENUE_UNAVAILABLE)
        best = self.policy(answer.quotes)
        order = await self._record(order, order.choose_route(self._stamp(), answer.quotes, best))
        order = await self._record(order, order.start_building(self._stamp()))
        try:
            transaction = await self.gateway.build(order, best)
        except VenueUnavailable:
            return await self._fail_attempt(order, FailureReason.VENUE_UNAVAILABLE)
        if self._too_old(order):
            return await self._expire(order)
        order = await self._record(order, order.submit(self._stamp(), transaction))
        return await self._send(order, transaction)

    async def _send(self, order: Order, transaction: Transaction) -> Outcome:
        try:
            fill = await self.gateway.execute(transaction)
        except TransactionRejected as rejection:
            return await self._fail_attempt(order, rejection.reason)
        except VenueUnavailable as error:
            observe.swap_outcome_unknown(order.order_id, order.attempt, transaction.tx_hash, error)
            return RetryIn(LOOKUP_SECONDS)
        return await self._confirm(order, fill)

    async def _settle(self, order: Order) -> Outcome:
        """Find out what became of the submitted transaction: never build another one before it is known dead."""
        transaction = order.transaction
        if transaction is None:
            raise RuntimeError("a submitted order has no transaction")
        asked_at = self.clock.now()  # before the answer: a process may freeze between the answer and its next line
        try:
            report = await self.gateway.lookup(transaction)
        except VenueUnavailable as error:
            observe.swap_outcome_unknown(order.order_id, order.attempt, transaction.tx_hash, error)
            return RetryIn(LOOKUP_SECONDS)
        if report.status is TransactionStatus.LANDED and report.fill is not None:
            return await self._confirm(order, report.fill)
        if report.status is TransactionStatus.REJECTED and report.reason is not None:
            return await self._fail_attempt(order, report.reason)
        if report.status is TransactionStatus.UNKNOWN:
            if self.clock.now() < transaction.expires_at:
                return await self._send(order, transaction)
            if is_dead_if_unknown(transaction, asked_at):
                return await self._fail_attempt(order, FailureReason.EXPIRED)
        return RetryIn(LOOKUP_SECONDS)

    async def _expire(self, order: Order) -> Outcome:
        await self._record(order, order.expire(self._stamp()))
        return Done()

    async def _confirm(self, order: Order, fill: Fill) -> Outcome:
        await self._record(order, order.confirm(self._stamp(), fill))
        return Done()

    async def _fail_attempt(self, order: Order, reason: FailureReason) -> Outcome:
        observe.attempt_failed(order.order_id, order.attempt, reason)
        delay_ms = self.retries.delay_ms(order.attempt)
        if delay_ms is None:
            await self._record(order, order.fail(self._stamp(), reason))
            return Done()
        # What expires in the middle of an order's life is its transaction, not the order.
        why = "Transaction expired" if reason is FailureReason.EXPIRED else reason.message
        step = order.fail_attempt(self._stamp(), why, self.retries.attempts, delay_ms)
        await self._record(order, step)
        return RetryIn(delay_ms / 1000)

    def _too_old(self, order: Order) -> bool:
        if not self.max_age_seconds:
            return False
        age = self.clock.now() - order.created_at
        return age.total_seconds() > self.max_age_seconds

    async def _record(self, before: Order, step: Step) -> Order:
        """Store a step of the order as it was before, then tell it."""
        order, event = step
        tries = 0
        while True:
            try:
                frame = await self.store.append(order, event)
            except (StoreUnavailable, Overloaded) as error:
                tries = await self._waited(order.order_id, error, tries)
                continue
            observe.step_stored(before, event)
            self.feed.publish((frame,))
            return order

    async def _load(self, order_id: str) -> Order | None:
        tries = 0
        while True:
            try:
                return await self.store.get(order_id)
            except (StoreUnavailable, Overloaded) as error:
                tries = await self._waited(order_id, error, tries)

    async def _waited(self, order_id: str, error: Exception, tries: int) -> int:
        """Wait out a store that is away: writes are idempotent, the order in hand stays where it is. Count the try."""
        observe.store_away("an order in execution", error, order_id=order_id)
        await self.clock.sleep(STORE_BACKOFF_SECONDS[min(tries, len(STORE_BACKOFF_SECONDS) - 1)])
        return tries + 1

    def _stamp(self) -> Stamp:
        return Stamp(self.ids.event(), self.clock.now())


def is_dead_if_unknown(transaction: Transaction, asked_at: datetime) -> bool:
    """Whether a transaction that its venue, asked at `asked_at` or later, does not know can never land any more."""
    return asked_at >= transaction.expires_at + EXPIRY_MARGIN
