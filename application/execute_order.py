"""Run an order: quotes, route, build, submit, swap, confirm. Each step is recorded before the next is taken."""

from collections.abc import Sequence
from datetime import timedelta

from attrs import field, frozen

from application import observe
from application.distrust import Distrust
from application.fitness import Fitness
from application.ports.errors import (
    BuildRefused,
    Overloaded,
    StaleOrder,
    StoreUnavailable,
    TransactionUsed,
    VenueContradicts,
    VenueStopped,
    VenueUnavailable,
    VenueUnreachable,
)
from application.ports.order_store import OrderStore
from application.ports.system import Clock, Ids
from application.record_step import RecordStep
from application.retry_policy import RetryPolicy
from application.trading_gate import TradingGate
from application.venues import Venues
from domain.events import Stamp
from domain.execution import contradiction
from domain.order import Order, Step
from domain.routing import Quote, RoutingPolicy
from domain.status import FailureReason, OrderStatus
from domain.transaction import Fill, Transaction, TransactionReport, TransactionStatus

STORE_BACKOFF_SECONDS = (0.1, 0.2, 0.5, 1.0)
LOOKUP_SECONDS = 1.0
# A venue that leaves a transaction open for so long after its expiry is in trouble, or makes it.
OVERDUE = timedelta(minutes=1)
# No transaction is asked for that is good for longer, whatever its venue makes of that.
LONGEST_VALID = timedelta(hours=1)
HALTED_SECONDS = 1.0
# Half as long as the order has waited, within these: soon for those who reach a venue, and seldom if nobody does.
UNREACHED_SECONDS = (1.0, 5.0)
# Likewise while its user, or every venue, is halted, which may last for days.
HALTED_PART_SECONDS = (1.0, 15.0)


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

    An order whose venue reports a swap that cannot be stays submitted and is held, and the venue is stopped.
    An order that does not run (final, resting, held) is left alone. While the gate is shut nothing is begun or sent;
    while its user or all venues are halted an order waits, unless it is submitted, and uses no attempt.
    An order that is older than `max_age_seconds` (0: no limit) is not submitted any more, but fails as expired.
    An attempt for which no venue could be reached counts only `venue_wait_seconds` after the order's last step.
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
    venue_wait_seconds: float = 30.0
    fitness: Fitness = field()
    distrust: Distrust = field()

    @fitness.default
    def _of_no_worker(self) -> Fitness:
        return Fitness(self.store, self.venues, self.clock, slots=1)

    @distrust.default
    def _by_the_gate(self) -> Distrust:
        return Distrust(self.gate.halts, self.gate.parts)

    async def __call__(self, order_id: str) -> Outcome:
        """Execute the order from wherever it stopped."""
        order = await self._load(order_id)
        if order is not None:
            observe.order_taken(order)
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
        """Quote and route, then build, submit and send.

        Steps that may be in vain again and again, until a venue is reached, stay `unrecorded` until what follows them
        is recorded: to ask for quotes when no venue was in reach just now, or again in this attempt, and what leads to
        a build when there was one before.
        """
        if order.user_id in self.gate.parts.users or not (asked := self.venues.asked):
            return self._halted(order)
        if self._too_old(order):
            return await self._expire(order)
        built_before = order.chosen_venue is not None
        unrecorded = [order.request_quotes(self._stamp(), asked)]
        if not (order.asked or self.venues.cut_off):
            order, unrecorded = await self._record(order, *unrecorded), []
        answer = await self.venues.quotes(order)
        if answer.unreachable:
            return await self._unreached(order, unrecorded)
        for venue, why in answer.refusals:
            observe.venue_refused(order.order_id, order.attempt, venue, "quote", why)
        if not answer.quotes:
            return await self._fail_attempt(order, FailureReason.VENUE_UNAVAILABLE, unrecorded)
        best = self.policy(answer.quotes)
        routed = _after(order, unrecorded).choose_route(self._stamp(), answer.quotes, best, self.policy.routing)
        unrecorded += routed, routed[0].start_building(self._stamp())
        if not built_before:
            order, unrecorded = await self._record(order, *unrecorded), []
        return await self._build(order, unrecorded, best)

    async def _build(self, order: Order, unrecorded: Sequence[Step], best: Quote) -> Outcome:
        building = _after(order, unrecorded)
        try:
            transaction = await self.venues.build(building, best)
        except VenueStopped:
            return RetryIn(HALTED_SECONDS)
        except VenueUnavailable as error:
            observe.venue_refused(order.order_id, order.attempt, best.venue, "build", str(error))
            if isinstance(error, VenueUnreachable):
                return await self._unreached(order, unrecorded)
            if isinstance(error, BuildRefused):
                return await self._fail_attempt(order, error.reason, unrecorded, final=error.final)
            return await self._fail_attempt(order, FailureReason.VENUE_UNAVAILABLE, unrecorded)
        if self.distrust.is_anothers(transaction):
            self.distrust.stop(transaction, "built what it had built for another order")
            return await self._fail_attempt(order, FailureReason.VENUE_UNAVAILABLE, unrecorded)
        if self._too_old(order):
            return await self._expire(order)
        parts = self.gate.parts
        if not self.gate.executes or order.user_id in parts.users or best.venue in parts.venues:
            return RetryIn(HALTED_SECONDS)
        order = await self._record(order, *unrecorded, building.submit(self._stamp(), transaction))
        return await self._send(order, transaction)

    async def _unreached(self, order: Order, unrecorded: Sequence[Step]) -> Outcome:
        """Let another worker try, who may reach a venue; the attempt counts once the order stood still for long."""
        stood = self._stood(order)
        left = self.venue_wait_seconds - stood
        if left <= 0:
            return await self._fail_attempt(order, FailureReason.VENUE_UNAVAILABLE, unrecorded)
        observe.jobs_handed_back("venues", 1)
        soonest, latest = UNREACHED_SECONDS
        return RetryIn(max(soonest, min(stood / 2, latest, left)))

    def _halted(self, order: Order) -> RetryIn:
        """Have the order wait until its user, or some venue, is halted no more."""
        observe.jobs_handed_back("halt", 1)
        soonest, latest = HALTED_PART_SECONDS
        return RetryIn(max(soonest, min(self._stood(order) / 2, latest)))

    def _stood(self, order: Order) -> float:
        """For how many seconds the order took no step."""
        # Its last step is still to come if the store's clock was put back: then it stood for nobody knows how long.
        return abs((self.clock.now() - order.updated_at).total_seconds())

    async def _send(self, order: Order, transaction: Transaction) -> Outcome:
        """Send the stored transaction. However often and late it is sent, its venue lands it once or never."""
        if not self.gate.executes:
            return RetryIn(HALTED_SECONDS)
        self.fitness.sending.add(order.order_id)
        try:
            report = await self.venues.send(transaction)
        except VenueStopped:
            return RetryIn(LOOKUP_SECONDS)
        except VenueContradicts as error:
            return await self._hold(order, transaction, str(error))
        except VenueUnavailable as error:
            observe.swap_outcome_unknown(order.order_id, order.attempt, transaction.tx_hash, error)
            return RetryIn(LOOKUP_SECONDS)
        finally:
            self.fitness.sending.discard(order.order_id)
        return await self._conclude(order, transaction, report)

    async def _settle(self, order: Order) -> Outcome:
        """Find out what became of the submitted transaction: never build another one before it is known dead."""
        transaction = order.transaction
        if transaction is None:
            raise RuntimeError("a submitted order has no transaction")
        try:
            report = await self.venues.lookup(transaction)
        except VenueContradicts as error:
            return await self._hold(order, transaction, str(error))
        except VenueUnavailable as error:
            observe.swap_outcome_unknown(order.order_id, order.attempt, transaction.tx_hash, error)
            return RetryIn(LOOKUP_SECONDS)
        if report.status is TransactionStatus.UNKNOWN:
            # That it was not seen proves nothing: another may be sending it. Only its venue can say that it is dead.
            return await self._send_again(order, transaction)
        return await self._conclude(order, transaction, report)

    async def _send_again(self, order: Order, transaction: Transaction) -> Outcome:
        """Send it once it is certain that whoever has the orders hereafter knows of it: they would build another."""
        try:
            latest = await self.store.get(order.order_id, durable=True)
        except (StoreUnavailable, Overloaded) as error:
            observe.store_away("an order that is to be sent again", error, order_id=order.order_id)
            return RetryIn(LOOKUP_SECONDS)
        if latest is None or latest.version != order.version:
            raise StaleOrder
        return await self._send(order, transaction)

    async def _conclude(self, order: Order, transaction: Transaction, report: TransactionReport) -> Outcome:
        """Go on as the venue's last word on the transaction says; without one, ask again later."""
        if report.status is TransactionStatus.LANDED and report.fill is not None:
            return await self._confirm(order, transaction, report, report.fill)
        if report.status is TransactionStatus.REJECTED and report.reason is not None:
            return await self._fail_attempt(order, report.reason)
        if report.status is TransactionStatus.DEAD:
            return await self._fail_attempt(order, FailureReason.TRANSACTION_EXPIRED)
        if report.status in (TransactionStatus.PENDING, TransactionStatus.UNKNOWN):
            if self.clock.now() - min(transaction.expires_at, order.updated_at + LONGEST_VALID) > OVERDUE:
                observe.swap_overdue(order.order_id, order.attempt, transaction.tx_hash, transaction.venue)
            return RetryIn(LOOKUP_SECONDS)
        raise RuntimeError(f"a venue's report says {report.status} and not what came of it")

    async def _confirm(self, order: Order, transaction: Transaction, report: TransactionReport, fill: Fill) -> Outcome:
        if why := contradiction(order, report):
            return await self._hold(order, transaction, why)
        try:
            await self._record(order, order.confirm(self._stamp(), fill))
        except TransactionUsed:
            return await self._hold(order, transaction, "shows a swap that confirmed another order")
        return Done()

    async def _hold(self, order: Order, transaction: Transaction, why: str) -> Outcome:
        """Leave the order to a person, and stop its venue."""
        self.distrust.stop(transaction, why)
        tries = 0
        while True:
            recorded = self.fitness.recorded
            try:
                await self.distrust.hold(order, why)
            except (StoreUnavailable, Overloaded) as error:
                tries = await self._waited(order.order_id, error, tries, recorded)
                continue
            return Done()

    async def _expire(self, order: Order) -> Outcome:
        await self._record(order, order.expire(self._stamp()))
        return Done()

    async def _fail_attempt(
        self, order: Order, reason: FailureReason, unrecorded: Sequence[Step] = (), *, final: bool = False
    ) -> Outcome:
        observe.attempt_failed(order, reason)
        delay_ms = None if final else self.retries.delay_ms(order.attempt)
        tried = _after(order, unrecorded)
        if delay_ms is None:
            await self._record(order, *unrecorded, tried.fail(self._stamp(), reason))
            return Done()
        step = tried.fail_attempt(self._stamp(), reason.message, self.retries.attempts, delay_ms)
        await self._record(order, *unrecorded, step)
        return RetryIn(delay_ms / 1000)

    def _too_old(self, order: Order) -> bool:
        if not self.max_age_seconds:
            return False
        age = self.clock.now() - order.created_at
        return age.total_seconds() > self.max_age_seconds

    async def _record(self, before: Order, *steps: Step) -> Order:
        """Record the steps, however long the store is away, or until this worker gives the order to others."""
        tries = 0
        while True:
            recorded = self.fitness.recorded
            try:
                after = await self.record_step(before, *steps)
            except (StoreUnavailable, Overloaded) as error:
                tries = await self._waited(before.order_id, error, tries, recorded)
                continue
            self.fitness.store_recorded()
            return after

    async def _load(self, order_id: str) -> Order | None:
        tries = 0
        while True:
            recorded = self.fitness.recorded
            try:
                return await self.store.get(order_id)
            except (StoreUnavailable, Overloaded) as error:
                tries = await self._waited(order_id, error, tries, recorded)

    async def _waited(self, order_id: str, error: Exception, tries: int, recorded: int) -> int:
        """Wait out a store that is away: writes are idempotent, the order in hand stays where it is. Count the try."""
        observe.store_away("an order in execution", error, order_id=order_id)
        if isinstance(error, StoreUnavailable):
            self.fitness.store_failed(recorded)
        await self.clock.sleep(STORE_BACKOFF_SECONDS[min(tries, len(STORE_BACKOFF_SECONDS) - 1)])
        return tries + 1

    def _stamp(self) -> Stamp:
        return Stamp(self.ids.event(), self.clock.now())


def _after(order: Order, steps: Sequence[Step]) -> Order:
    """Return the order after steps that are not recorded yet, if there are any."""
    return steps[-1][0] if steps else order
