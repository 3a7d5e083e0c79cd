"""The mock venues: the domain's MockDexRouter, given a clock and a memory of what was sent."""

from collections import OrderedDict
from datetime import datetime, timedelta

from application import observe
from application.ports.dex_gateway import Quotes
from application.ports.errors import TransactionRejected
from application.ports.system import Clock
from domain.mock_dex import MockDexRouter
from domain.order import Order
from domain.routing import Quote
from domain.status import FailureReason
from domain.transaction import Fill, Transaction, TransactionReport, TransactionStatus, limit_price

REMEMBERED = 10_000


class MockDexGateway:
    """A `DexGateway` without a network. It remembers the last transactions of this process only.

    A process that restarted answers UNKNOWN, and sending again gives the same fill: outcomes are pure.
    """

    def __init__(self, router: MockDexRouter, clock: Clock, expiry_seconds: float) -> None:
        self.venues = tuple(venue.name for venue in router.venues)
        self._router = router
        self._clock = clock
        self._expiry = timedelta(seconds=expiry_seconds)
        self._lands_at: OrderedDict[str, datetime] = OrderedDict()

    async def open(self) -> None:
        """Do nothing: there is nothing to open."""

    async def close(self) -> None:
        """Do nothing: there is nothing to close."""

    async def quotes(self, order: Order) -> Quotes:
        """Quote at all venues; they take the same time, so one wait serves them all."""
        seconds = self._router.quote_ms / 1000
        await self._clock.sleep(seconds)
        for venue in self._router.venues:
            observe.venue_called(venue.name, "quote", "ok", seconds)
        return Quotes(tuple(self._router.quote(v, order.order_id, order.attempt) for v in self._router.venues))

    async def build(self, order: Order, quote: Quote) -> Transaction:
        """Build a transaction that expires `expiry_seconds` after it is built."""
        seconds = self._router.build_ms / 1000
        await self._clock.sleep(seconds)
        observe.venue_called(quote.dex, "build", "ok", seconds)
        return Transaction(
            order_id=order.order_id,
            attempt=order.attempt,
            tx_hash=self._router.tx_hash(order.order_id, order.attempt),
            venue=quote.dex,
            amount=order.amount,
            limit_price=limit_price(quote.price, order.slippage_bps),
            expires_at=self._clock.now() + self._expiry,
        )

    async def execute(self, transaction: Transaction) -> Fill:
        """Swap; the network goes on even when the caller stops waiting."""
        now = self._clock.now()
        lands_at = self._lands_at.get(transaction.tx_hash)
        if lands_at is None:
            if now >= transaction.expires_at:
                raise TransactionRejected(FailureReason.EXPIRED)
            duration = self._router.swap_ms(transaction.order_id, transaction.attempt)
            lands_at = self._lands_at[transaction.tx_hash] = now + timedelta(milliseconds=duration)
            if len(self._lands_at) > REMEMBERED:
                self._lands_at.popitem(last=False)
        seconds = (lands_at - now).total_seconds()
        await self._clock.sleep(seconds)
        outcome = self._router.swap(transaction)
        how = "rejected" if isinstance(outcome, FailureReason) else "ok"
        observe.venue_called(transaction.venue, "submit", how, max(0.0, seconds))
        if isinstance(outcome, FailureReason):
            raise TransactionRejected(outcome)
        return outcome

    async def lookup(self, transaction: Transaction) -> TransactionReport:
        """Tell what the network made of a transaction that this process sent."""
        lands_at = self._lands_at.get(transaction.tx_hash)
        if lands_at is None:
            return TransactionReport(TransactionStatus.UNKNOWN)
        if self._clock.now() < lands_at:
            return TransactionReport(TransactionStatus.PENDING)
        outcome = self._router.swap(transaction)
        if isinstance(outcome, FailureReason):
            return TransactionReport(TransactionStatus.REJECTED, reason=outcome)
        return TransactionReport(TransactionStatus.LANDED, fill=outcome)
