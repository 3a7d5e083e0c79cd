"""A mock venue: the domain's MockDexRouter, given a clock and a memory of what was sent."""

from collections import OrderedDict
from datetime import timedelta

from application import observe
from application.ports.errors import VenueUnavailable
from application.ports.system import Clock
from domain.mock_dex import MockDexRouter
from domain.order import Order
from domain.routing import Quote
from domain.status import FailureReason
from domain.transaction import Transaction, TransactionReport, TransactionStatus, limit_price

REMEMBERED = 10_000


class MockVenue:
    """A `Venue` without a network. It remembers the last transactions of this process only.

    A process that restarted answers UNKNOWN, and sending again gives the same fill: outcomes are pure.
    """

    def __init__(self, name: str, router: MockDexRouter, clock: Clock, expiry_seconds: float) -> None:
        self.name = name
        self._router = router
        self._market = router.market(name)
        self._clock = clock
        self._expiry = timedelta(seconds=expiry_seconds)
        self._lands_at: OrderedDict[str, float | None] = OrderedDict()  # monotonic; None: it came too late

    async def open(self) -> None:
        """Do nothing: there is nothing to open."""

    async def close(self) -> None:
        """Do nothing: there is nothing to close."""

    async def quote(self, order: Order) -> Quote:
        seconds = self._router.quote_ms / 1000
        await self._clock.sleep(seconds)
        observe.venue_called(self.name, "quote", "ok", seconds)
        return self._router.quote(self._market, order.order_id, order.attempt)

    async def build(self, order: Order, quote: Quote) -> Transaction:
        """Build a transaction that expires `expiry_seconds` after it is built, and whose fields are all of it."""
        seconds = self._router.build_ms / 1000
        await self._clock.sleep(seconds)
        observe.venue_called(self.name, "build", "ok", seconds)
        return Transaction(
            order_id=order.order_id,
            attempt=order.attempt,
            tx_hash=self._router.tx_hash(order.order_id, order.attempt),
            venue=self.name,
            amount=order.amount,
            limit_price=limit_price(quote.price, order.slippage_bps),
            expires_at=self._clock.now() + self._expiry,
            fee=quote.fee,
        )

    async def send(self, transaction: Transaction) -> TransactionReport:
        """Swap; the network goes on even when the caller stops waiting."""
        _require_its_own(transaction)
        now = self._clock.monotonic()
        if transaction.tx_hash not in self._lands_at:
            lands = now + self._router.swap_ms(transaction.order_id, transaction.attempt) / 1000
            in_time = self._clock.now() < transaction.expires_at
            self._lands_at[transaction.tx_hash] = lands if in_time else None
            if len(self._lands_at) > REMEMBERED:
                self._lands_at.popitem(last=False)
        lands_at = self._lands_at[transaction.tx_hash]
        if lands_at is None:
            return TransactionReport(TransactionStatus.DEAD)
        seconds = max(0.0, lands_at - now)
        await self._clock.sleep(seconds)
        report = self._outcome(transaction)
        observe.venue_called(self.name, "submit", "rejected" if report.reason else "ok", seconds)
        return report

    async def lookup(self, transaction: Transaction) -> TransactionReport:
        """Return what the network made of a transaction that this process sent."""
        _require_its_own(transaction)
        if transaction.tx_hash not in self._lands_at:
            return TransactionReport(TransactionStatus.UNKNOWN)
        lands_at = self._lands_at[transaction.tx_hash]
        if lands_at is None:
            return TransactionReport(TransactionStatus.DEAD)
        if self._clock.monotonic() < lands_at:
            return TransactionReport(TransactionStatus.PENDING)
        return self._outcome(transaction)

    def _outcome(self, transaction: Transaction) -> TransactionReport:
        outcome = self._router.swap(transaction)
        if isinstance(outcome, FailureReason):
            return TransactionReport(TransactionStatus.REJECTED, reason=outcome)
        return TransactionReport(TransactionStatus.LANDED, fill=outcome)


def _require_its_own(transaction: Transaction) -> None:
    """Raise VenueUnavailable for what a venue of this name built that is no mock: nothing is known of that here."""
    if transaction.payload:
        raise VenueUnavailable("is a mock here, and did not build that")
