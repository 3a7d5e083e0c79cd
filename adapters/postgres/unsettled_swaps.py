"""The swaps of the Postgres order store that their chain may still undo."""

from collections.abc import Sequence
from typing import Any

from adapters.postgres import finality_statements
from adapters.postgres.executions import fill_of
from adapters.postgres.read_pool import ReadPool
from adapters.postgres.times import utc
from application import observe
from application.ports.finality import Settlement, Unsettled, UnsettledPage
from domain.transaction import Transaction


class PostgresUnsettledSwaps:
    """Finds them, and keeps how they ended, over a store's `upkeep`, which their owner opens."""

    def __init__(self, upkeep: ReadPool) -> None:
        self._upkeep = upkeep

    async def unsettled(self, after: str | None, limit: int, apart_seconds: float) -> UnsettledPage:
        rows = await self._upkeep.change(finality_statements.UNSETTLED, (after, apart_seconds, limit))
        swaps = tuple(swap for row in rows if (swap := _read_or_none(row)))
        return UnsettledPage(swaps, rows[-1][0] if len(rows) == limit else None)

    async def settle(self, order_id: str, settlement: Settlement) -> bool:
        fill = settlement.fill
        fee = fill.network_fee if fill else None
        landing = fill.landing if fill else None
        values = (
            settlement.finality,
            fill and fill.amount_in,
            fill and fill.amount_out,
            fill and fill.venue_fee,
            fee and fee.amount,
            fee and fee.asset,
            landing and landing.slot,
            landing and landing.priority_fee,
            order_id,
        )
        return bool(await self._upkeep.change(finality_statements.SETTLE, values))


def _read_or_none(row: Sequence[Any]) -> Unsettled | None:
    """Return the swap that a row of `UNSETTLED` holds; None for one that makes no sense."""
    order_id, attempt, tx_hash, venue, amount, limit_price, expires_at, payload, *amounts, at = row
    try:
        fill = fill_of(*amounts)
        sent = Transaction(order_id, attempt, tx_hash, venue, amount, limit_price, utc(expires_at), payload or b"")
    except (ValueError, ArithmeticError, AttributeError) as error:  # by hand anything can be written, and deleted
        observe.order_unreadable(order_id, error)
        return None
    return Unsettled(sent, fill, utc(at))
