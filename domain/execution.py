"""What came of a landed swap, as it is kept and accounted for."""

from datetime import datetime
from decimal import Decimal

from attrs import frozen

from domain.events import OrderEvent
from domain.money import AMOUNT_BOUND, AMOUNT_DECIMALS, EXACT
from domain.order import Order
from domain.routing import quote_of
from domain.transaction import Fill, Finality, TransactionReport

_LARGER_FEE = "kept a larger fee than it quoted"
# A venue may round its fee, or have changed it since it quoted.
_FEE_SLACK = Decimal("0.01")
_MOST_PRICE = AMOUNT_BOUND - Decimal(1).scaleb(-AMOUNT_DECIMALS)


@frozen
class Execution:
    """One landed swap of one order: the `fill` of transaction `tx_hash` at `venue`.

    `quoted_price` is the chosen quote's, in output tokens for one input token, before fees. `price_impact` is the share
    of the price that the swap itself cost, as its venue reported. None: unknown. `at` is UTC. Swaps on a chain have a
    `finality`; their fill is what the chain said last.
    """

    order_id: str
    user_id: str
    input_token: str
    output_token: str
    venue: str
    tx_hash: str
    fill: Fill
    quoted_price: Decimal | None
    price_impact: Decimal | None
    at: datetime
    finality: Finality | None = None

    @property
    def chain(self) -> str | None:
        """The chain that the swap landed on; None at a venue without one."""
        return self.fill.landing.chain if self.fill.landing else None

    @property
    def place(self) -> str:
        """Where the transaction's hash names it, and it alone: the chain, or the venue without one."""
        return self.chain or self.venue

    @classmethod
    def of(cls, order: Order, event: OrderEvent) -> "Execution | None":
        """Return the execution that brought the order to where it is by `event`; None if no swap landed in it."""
        fill, transaction = event.fill, order.transaction
        if fill is None or transaction is None:
            return None
        return cls(
            order.order_id,
            order.user_id,
            order.input_token,
            order.output_token,
            transaction.venue,
            transaction.tx_hash,
            fill,
            order.quoted_price,
            None,
            event.at,
            Finality.CONFIRMED if fill.landing else None,
        )


def contradiction(order: Order, report: TransactionReport) -> str | None:
    """Say why what is said to have landed cannot be the order's transaction; None when it can.

    All of the amount was given, for something, at a price that can be kept. The price is at its limit or above, before
    the venue's fee, and after it, and the fee is about what the venue had quoted, if it had. What was read from a chain
    may have given less, and at any price above the limit.
    """
    fill, sent = report.fill, order.transaction
    if fill is None or sent is None:
        return "reports a swap without its fill"
    given, received, fee = fill.amount_in, fill.amount_out, fill.venue_fee
    if not (given.is_finite() and received.is_finite() and fee.is_finite() and received > 0 and fee >= 0):
        return "reports amounts that cannot be"
    if given != order.amount and (fill.landing is None or not 0 < given < order.amount):
        return "swapped another amount"
    before_fee = EXACT.add(received, fee)
    if fill.landing is None and before_fee > EXACT.multiply(_MOST_PRICE, given):
        return "reports a price that cannot be"
    if fee > EXACT.multiply(before_fee, sent.fee + _FEE_SLACK) and quote_of(order.quotes, sent.venue) is not None:
        return _LARGER_FEE
    if report.pair is not None and not _is_of_pair(order, *report.pair):
        return "swapped another pair"
    return None if sent.limit_price is None else _below_limit(order, sent.venue, sent.limit_price, fill)


def _is_of_pair(order: Order, given: str | None, received: str | None) -> bool:
    return given in (None, order.input_token) and received in (None, order.output_token)


def _below_limit(order: Order, venue: str, limit_price: Decimal, fill: Fill) -> str | None:
    least = EXACT.multiply(limit_price, fill.amount_in)
    if EXACT.add(fill.amount_out, fill.venue_fee) < least:
        return "swapped below the limit"
    quote = quote_of(order.quotes, venue)
    if quote is not None and fill.amount_out < EXACT.multiply(least, 1 - quote.fee):
        return _LARGER_FEE
    return None
