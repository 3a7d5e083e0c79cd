"""Venues whose every answer a test decides."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal

from attrs import define, field, frozen

from application.halted_parts import HaltedParts
from application.ports.errors import VenueUnavailable, VenueUnreachable
from application.ports.system import Clock
from application.venues import Venues
from domain.order import Order
from domain.routing import Quote
from domain.status import FailureReason
from domain.transaction import Transaction, TransactionReport, TransactionStatus
from tests.builders import QUOTES, a_fill

FILL = a_fill(Decimal("147.3312"))
LANDED = TransactionReport(TransactionStatus.LANDED, fill=FILL)
REJECTED = TransactionReport(TransactionStatus.REJECTED, reason=FailureReason.SLIPPAGE_EXCEEDED)
PENDING = TransactionReport(TransactionStatus.PENDING)
UNKNOWN = TransactionReport(TransactionStatus.UNKNOWN)
DEAD = TransactionReport(TransactionStatus.DEAD)

Answer = TransactionReport | Exception | Callable[[Transaction], Awaitable[TransactionReport]]


@define
class Script:
    """What the venues answer, in the order in which it was set; without any, all goes well but for lookups.

    `sent` lists the transactions that were sent, `looked_up` the hashes that were asked for. An exception is raised.
    While they are `cut_off` no call reaches one; `calls` counts those that were made.
    """

    clock: Clock
    quoting: list[Exception] = field(factory=list)
    building: list[Exception] = field(factory=list)
    sending: list[Answer] = field(factory=list)
    reports: list[Answer] = field(factory=list)
    sent: list[Transaction] = field(factory=list)
    looked_up: list[str] = field(factory=list)
    expiry: timedelta = timedelta(seconds=30)
    cut_off: bool = False
    calls: int = 0

    def called(self) -> None:
        """Count a call; raise if it cannot reach its venue."""
        self.calls += 1
        if self.cut_off:
            raise VenueUnreachable

    @property
    def hashes_sent(self) -> list[str]:
        """The hashes of what was sent."""
        return [transaction.tx_hash for transaction in self.sent]

    def venues(self, parts: HaltedParts | None = None) -> Venues:
        """Return the venues that follow this script."""
        venues = tuple(ScriptedVenue(quote.venue, quote, self) for quote in QUOTES)
        return Venues(venues, monotonic=self.clock.monotonic, parts=parts or HaltedParts())


@frozen
class ScriptedVenue:
    """One of the venues that follow a script."""

    name: str
    offer: Quote
    script: Script

    async def quote(self, order: Order) -> Quote:
        self.script.called()
        if self.script.quoting:
            raise self.script.quoting.pop(0)
        return self.offer

    async def build(self, order: Order, quote: Quote) -> Transaction:
        self.script.called()
        if self.script.building:
            raise self.script.building.pop(0)
        return Transaction(
            order_id=order.order_id,
            attempt=order.attempt,
            tx_hash=f"tx_{order.order_id[-12:]}_{order.attempt}_mock",
            venue=self.name,
            amount=order.amount,
            limit_price=None,
            expires_at=self.script.clock.now() + self.script.expiry,
            payload=b"signed",
            fee=quote.fee,
        )

    async def send(self, transaction: Transaction) -> TransactionReport:
        self.script.called()
        self.script.sent.append(transaction)
        return await _answered(self.script.sending.pop(0) if self.script.sending else LANDED, transaction)

    async def lookup(self, transaction: Transaction) -> TransactionReport:
        self.script.called()
        self.script.looked_up.append(transaction.tx_hash)
        answer = self.script.reports.pop(0) if self.script.reports else VenueUnavailable("nothing was scripted")
        return await _answered(answer, transaction)


async def _answered(answer: Answer, transaction: Transaction) -> TransactionReport:
    if isinstance(answer, Exception):
        raise answer
    return answer if isinstance(answer, TransactionReport) else await answer(transaction)


class OnChain(ScriptedVenue):
    """A venue whose swaps land on a chain."""

    async def settled(self, transaction: Transaction) -> None:
        """Never."""
