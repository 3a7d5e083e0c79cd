"""What follows when a venue says what cannot be: its order waits for a person, and the venue is stopped."""

from collections import OrderedDict

from attrs import field, frozen

from application.halted_parts import HaltedParts
from application.observe import trading as observe
from application.ports.audit import AuditEntry
from application.ports.trading_halts import TradingHalts
from domain.order import Order
from domain.transaction import Transaction

REMEMBERED = 10_000


@frozen
class Distrust:
    """Stops venues and holds orders. It knows whose the transactions are that were built last in this process."""

    halts: TradingHalts
    parts: HaltedParts
    _owners: OrderedDict[tuple[str, str], str] = field(factory=OrderedDict, init=False, repr=False)

    def is_anothers(self, transaction: Transaction) -> bool:
        """Whether the venue built a transaction of this hash for another order; if not, it is this order's."""
        owner = self._owners.setdefault((transaction.venue, transaction.tx_hash), transaction.order_id)
        if len(self._owners) > REMEMBERED:
            self._owners.popitem(last=False)
        return owner != transaction.order_id

    def stop(self, transaction: Transaction, why: str) -> None:
        """Stop the transaction's venue, in every process."""
        observe.venue_contradicts(
            transaction.order_id, transaction.attempt, transaction.venue, transaction.tx_hash, why
        )
        self.parts.stop_venue(transaction.venue, f"of order {transaction.order_id} it {why}")

    async def hold(self, order: Order, why: str) -> None:
        """Leave the order as it is until an operator has settled it; keep what is stopped. Safe to repeat.

        Raises StoreUnavailable.
        """
        await self.parts.look()
        by = self.parts.by
        act = AuditEntry(by, by, None, "orders.hold", after={"orders": [order.order_id], "why": why})
        await self.halts.hold((order.order_id,), act)
