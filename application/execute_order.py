"""Run an order: quotes, route, build, submit, swap, confirm. Each step is recorded before the next is taken."""

from attrs import field, frozen

from application import observe
from application.ports.errors import Overloaded, StaleOrder, StoreUnavailable, VenueUnavailable
from application.ports.order_store import OrderStore
from application.ports.system import Clock, Ids
from application.record_step import RecordStep
from application.retry_policy import RetryPolicy
from application.trading_gate import TradingGate
from application.venues import Venues
from domain.events import Stamp
from domain.order import Order, Step
from domain.routing import RoutingPolicy
from domain.status import FailureReason, OrderStatus
from domain.transaction import Transaction, TransactionReport, TransactionStatus

STORE_BACKOFF_SECONDS = (0.1, 0.2, 0.5, 1.0)
LOOKUP_SECONDS = 1.0
HALTED_SECONDS = 1.0


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

    An order that does not run (final, resting, held) is left alone. While the gate is shut nothing is begun or sent.
    An order that is older than `max_age_seconds` (0: no limit) is not submitted any more, but fails as expired.
    """

    store: OrderStore
    record_step: RecordStep
    venues: Venues
    clock: Clock
    ids: Ids
    policy: RoutingPolicy
    gate: TradingGate
    retries: RetryPolicy = field(factory=RetryPolicy)
    max_age_seconds: float = 0.0

    async def __call__(self, order_id: str) -> Outcome:
        """Execute the order from wherever it stopped."""
        order = await self._load(order_id)
        if not self.gate.executes:
            return RetryIn(HALTED_SECONDS)  # also what the store says of the order may be wrong then
        if order is None or not order.runs:
            return Done()
        try:
            if order.status is OrderStatus.SUBMITTED:
                return await self._settle(order)
            return await self._attempt(order)
        except StaleOrder:
            observe.stale_write_refused(order_id, order.version)
            latest = await self._load(order_id)
            # It runs: whoever moved the order has it; this job comes back later, in case they stop.
            return RetryIn(LOOKUP_SECONDS) if latest is not None and latest.runs else Done()

    async def _attempt(self, order: Order) -> Outcome:
        if self._too_old(order):
            return await self._expire(order)
        order = await self._record(order, order.request_quotes(self._stamp(), self.venues.names))
        answer = await self.venues.quotes(order)
        for venue, why in answer.refusals:
            observe.venue_refused(order.order_id, order.attempt, venue, "quote", why)
        if not answer.quotes:
            return await self._fail_attempt(order, FailureReason.VENUE_UNAVAILABLE)
        best = self.policy(answer.quotes)
        routed = order.choose_route(self._stamp(), answer.quotes, best)
        order = await self._record(order, routed, routed[0].start_building(self._stamp()))
        try:
            transaction = await self.venues.build(order, best)
        except VenueUnavailable as error:
            observe.venue_refused(order.order_id, order.attempt, best.venue, "build", str(error))
            return await self._fail_attempt(order, FailureReason.VENUE_UNAVAILABLE)
        if self._too_old(order):
            return await self._expire(order)
        if not self.gate.executes:
            return RetryIn(HALTED_SECONDS)
        order = await self._record(order, order.submit(self._stamp(), transaction))
        return await self._send(order, transaction)

    async def _send(self, order: Order, transaction: Transaction) -> Outcome:
        """Send the stored transaction. However often and late it is sent, its venue lands it once or never."""
        if not self.gate.executes:
            return RetryIn(HALTED_SECONDS)
        try:
            report = await self.venues.send(transaction)
        except VenueUnavailable as error:
            observe.swap_outcome_unknown(order.order_id, order.attempt, transaction.tx_hash, error)
            return RetryIn(LOOKUP_SECONDS)
        return await self._conclude(order, report)

    async def _settle(self, order: Order) -> Outcome:
        """Find out what became of the submitted transaction: never build another one before it is known dead."""
        transaction = order.transaction
        if transaction is None:
            raise RuntimeError("a submitted order has no transaction")
        try:
            report = await self.venues.lookup(transaction)
        except VenueUnavailable as error:
            observe.swap_outcome_unknown(order.order_id, order.attempt, transaction.tx_hash, error)
            return RetryIn(LOOKUP_SECONDS)
        if report.status is TransactionStatus.UNKNOWN:
            # That it was not seen proves nothing: another may be sending it. Only its venue can say that it is dead.
            return await self._send(order, transaction)
        return await self._conclude(order, report)

    async def _conclude(self, order: Order, report: TransactionReport) -> Outcome:
        """Go on as the venue's last word on the transaction says; without one, ask again later."""
        if report.status is TransactionStatus.LANDED and report.fill is not None:
            await self._record(order, order.confirm(self._stamp(), report.fill))
            return Done()
        if report.status is TransactionStatus.REJECTED and report.reason is not None:
            return await self._fail_attempt(order, report.reason)
        if report.status is TransactionStatus.DEAD:
            return await self._fail_attempt(order, FailureReason.TRANSACTION_EXPIRED)
        if report.status in (TransactionStatus.PENDING, TransactionStatus.UNKNOWN):
            return RetryIn(LOOKUP_SECONDS)
        raise RuntimeError(f"a venue's report says {report.status} and not what came of it")

    async def _expire(self, order: Order) -> Outcome:
        await self._record(order, order.expire(self._stamp()))
        return Done()

    async def _fail_attempt(self, order: Order, reason: FailureReason) -> Outcome:
        observe.attempt_failed(order.order_id, order.attempt, reason)
        delay_ms = self.retries.delay_ms(order.attempt)
        if delay_ms is None:
            await self._record(order, order.fail(self._stamp(), reason))
            return Done()
        step = order.fail_attempt(self._stamp(), reason.message, self.retries.attempts, delay_ms)
        await self._record(order, step)
        return RetryIn(delay_ms / 1000)

    def _too_old(self, order: Order) -> bool:
        if not self.max_age_seconds:
            return False
        age = self.clock.now() - order.created_at
        return age.total_seconds() > self.max_age_seconds

    async def _record(self, before: Order, *steps: Step) -> Order:
        """Record the steps, however long the store is away."""
        tries = 0
        while True:
            try:
                return await self.record_step(before, *steps)
            except (StoreUnavailable, Overloaded) as error:
                tries = await self._waited(before.order_id, error, tries)

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
