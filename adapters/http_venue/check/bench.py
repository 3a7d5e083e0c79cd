"""The venue that is tried out, and swaps there."""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

from attrs import define, evolve, field, frozen

from adapters.http_venue.venue import HttpVenue
from application.ports.system import Clock, Ids
from domain.order import Order
from domain.order_request import OrderRequest
from domain.routing import Quote
from domain.transaction import Transaction, TransactionReport, TransactionStatus

# Some swaps fail at any venue.
TRIES = 5
# As people call what the engine knows by other names.
WORDS: Mapping[TransactionStatus, str] = MappingProxyType({TransactionStatus.DEAD: "rejected, as expired"})


class Broken(Exception):
    """A rule that the venue does not keep; the text says how."""


def must(kept: object, why: str) -> None:
    """Raise Broken unless a rule is kept."""
    if not kept:
        raise Broken(why)


def said(report: TransactionReport) -> str:
    """Return what the venue said of a transaction, as it is written."""
    text = WORDS.get(report.status, report.status.value)
    return f"{text}, as {report.reason}" if report.reason else text


@frozen
class Swap:
    """An order at the venue: what it offered for it, what it built, and what became of that."""

    order: Order
    quote: Quote
    transaction: Transaction
    report: TransactionReport

    @property
    def submitted(self) -> Order:
        """The order as the engine had it when it sent the transaction."""
        return evolve(self.order, quotes=(self.quote,), chosen_venue=self.quote.venue, transaction=self.transaction)


@define
class Bench:
    """The venue as two processes of an engine have it, and an order of `amount` of the pair's first token.

    `brief` is the venue too, but asks for transactions that are good for `brief_seconds` only; `margin_seconds` later
    they have expired for certain. `landed_swaps` are those that were made so far.
    """

    venue: HttpVenue
    another: HttpVenue
    brief: HttpVenue
    clock: Clock
    ids: Ids
    pair: tuple[str, str]
    amount: Decimal
    brief_seconds: float = 2.0
    margin_seconds: float = 1.0
    landed_swaps: list[Swap] = field(factory=list, init=False)

    def order(self, slippage_bps: int | None = None) -> Order:
        """Return a new order."""
        request = OrderRequest(*self.pair, self.amount, "venue-check", slippage_bps=slippage_bps)
        return Order.new(self.ids.new(), request, self.clock.now())

    async def built(self, venue: HttpVenue | None = None) -> Transaction:
        """Have the swap of a new order built."""
        venue, order = venue or self.venue, self.order()
        return await venue.build(order, await venue.quote(order))

    async def landed(self, venue: HttpVenue | None = None) -> Swap:
        """Return a swap that landed, with a `venue` a new one there. Raises Broken when none does."""
        if venue is None and self.landed_swaps:
            return self.landed_swaps[0]
        venue, ends = venue or self.venue, []
        for _ in range(TRIES):
            order = self.order()
            quote = await venue.quote(order)
            transaction = await venue.build(order, quote)
            report = await venue.send(transaction)
            if report.status is TransactionStatus.LANDED:
                self.landed_swaps.append(Swap(order, quote, transaction, report))
                return self.landed_swaps[-1]
            ends.append(said(report))
        raise Broken(f"none of {TRIES} swaps without a limit landed: {'; '.join(ends)}")

    async def outlast(self) -> None:
        """Return when what `brief` built just now has expired."""
        await self.clock.sleep(self.brief_seconds + self.margin_seconds)
