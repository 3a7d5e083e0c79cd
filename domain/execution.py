"""What came of a landed swap, as it is kept and accounted for."""

from datetime import datetime
from decimal import Decimal

from attrs import frozen

from domain.events import OrderEvent
from domain.order import Order
from domain.transaction import Fill


@frozen
class Execution:
    """One landed swap of one order: the `fill` of transaction `tx_hash` at `venue`.

    `quoted_price` is the chosen quote's, in output tokens for one input token, before fees. `price_impact` is the share
    of the price that the swap itself cost, as its venue reported. None: unknown. `at` is UTC.
    """

    order_id: str
    user_id: str
    input_token: str
    output_token: str
    venue: str
    chain: str | None
    tx_hash: str
    fill: Fill
    quoted_price: Decimal | None
    price_impact: Decimal | None
    at: datetime

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
            None,
            transaction.tx_hash,
            fill,
            order.quoted_price,
            None,
            event.at,
        )
