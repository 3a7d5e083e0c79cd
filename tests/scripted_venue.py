"""A venue whose every answer a test decides."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal

from attrs import define, field

from application.ports.dex_gateway import Quotes
from application.ports.errors import VenueUnavailable
from application.ports.system import Clock
from domain.order import Order
from domain.routing import Quote
from domain.transaction import Fill, Transaction, TransactionReport, TransactionStatus
from tests.builders import QUOTES, VENUES

FILL = Fill(Decimal("147.3312"))
LANDED = TransactionReport(TransactionStatus.LANDED, fill=FILL)
PENDING = TransactionReport(TransactionStatus.PENDING)
UNKNOWN = TransactionReport(TransactionStatus.UNKNOWN)

Answer = Callable[[Transaction], Awaitable[Fill]]
Report = Callable[[Transaction], Awaitable[TransactionReport]]


@define
class ScriptedGateway:
    """A `DexGateway` that gives its answers in the order they were set; without any, all goes well.

    `sent` lists the hashes of what was executed. An exception among the answers is raised.
    """

    clock: Clock
    quoting: list[Quotes] = field(factory=list)
    building: list[Exception] = field(factory=list)
    executing: list[Fill | Exception | Answer] = field(factory=list)
    reports: list[TransactionReport | Exception | Report] = field(factory=list)
    sent: list[str] = field(factory=list)
    looked_up: list[str] = field(factory=list)
    venues: tuple[str, ...] = VENUES
    expiry: timedelta = timedelta(seconds=30)

    async def quotes(self, order: Order) -> Quotes:
        return self.quoting.pop(0) if self.quoting else Quotes(QUOTES)

    async def build(self, order: Order, quote: Quote) -> Transaction:
        if self.building:
            raise self.building.pop(0)
        return Transaction(
            order_id=order.order_id,
            attempt=order.attempt,
            tx_hash=f"tx_{order.order_id[-12:]}_{order.attempt}_mock",
            venue=quote.dex,
            amount=order.amount,
            limit_price=None,
            expires_at=self.clock.now() + self.expiry,
        )

    async def execute(self, transaction: Transaction) -> Fill:
        self.sent.append(transaction.tx_hash)
        answer = self.executing.pop(0) if self.executing else FILL
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, Fill) else await answer(transaction)

    async def lookup(self, transaction: Transaction) -> TransactionReport:
        self.looked_up.append(transaction.tx_hash)
        if not self.reports:
            raise VenueUnavailable("nothing was scripted")
        report = self.reports.pop(0)
        if isinstance(report, Exception):
            raise report
        return report if isinstance(report, TransactionReport) else await report(transaction)
