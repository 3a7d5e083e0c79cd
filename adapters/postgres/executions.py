"""The executions that the Postgres order store keeps."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from adapters.execution_cursor import cursor_at, position_of
from adapters.postgres import execution_statements
from adapters.postgres.read_pool import ReadPool
from adapters.postgres.times import stored, utc
from application import observe
from application.ports.executions import ExecutionFilter, ExecutionPage
from domain.execution import Execution
from domain.transaction import Fill, Finality, Landing, NetworkFee


class PostgresExecutions:
    """Lists executions over a store's `reads`, which their owner opens. A position is a row's id."""

    def __init__(self, reads: ReadPool) -> None:
        self._reads = reads

    async def page(self, query: ExecutionFilter, cursor: str | None, limit: int) -> ExecutionPage:
        before = position_of(cursor, query.user_id) if cursor is not None else None
        since, until = stored(query.since), stored(query.until)
        statement = execution_statements.find_executions(
            by_user=query.user_id is not None,
            since=since is not None,
            until=until is not None,
            before=before is not None,
        )
        params = [value for value in (query.user_id, since, since, until, until, before) if value is not None]
        rows = await self._reads.run(statement, [*params, limit + 1])
        found = (_read_or_none(row) for row in rows[:limit])
        next_cursor = cursor_at(rows[limit - 1][0], query.user_id) if len(rows) > limit else None
        return ExecutionPage(tuple(execution for execution in found if execution is not None), next_cursor)

    async def on_chain(self, order_id: str) -> Execution | None:
        for row in await self._reads.run(execution_statements.FIND_ON_CHAIN, (order_id,)):
            return _read_or_none(row)
        return None


def _read_or_none(row: Sequence[Any]) -> Execution | None:
    """Return the execution that a row of `find_executions` holds; None for one that makes no sense."""
    (
        _, order_id, user_id, input_token, output_token, venue, tx_hash, *amounts, quoted_price, price_impact,
        executed_at, finality,
    ) = row  # fmt: skip
    try:
        fill = fill_of(*amounts)
        _refuse_what_is_no_number(quoted_price, price_impact, fill.price)
        sure = Finality(finality) if finality else None
    except (ValueError, ArithmeticError) as error:  # by hand anything can be written
        observe.order_unreadable(order_id, error)
        return None
    at = utc(executed_at)
    return Execution(
        order_id, user_id, input_token, output_token, venue, tx_hash, fill, quoted_price, price_impact, at, sure
    )


def fill_of(
    amount_in: Decimal,
    amount_out: Decimal,
    venue_fee: Decimal,
    network_fee: Decimal | None,
    network_fee_asset: str | None,
    chain: str | None,
    slot: int | None,
    priority_fee: Decimal | None,
) -> Fill:
    """Return the fill that columns hold. Raises ValueError for what is no number."""
    _refuse_what_is_no_number(amount_in, amount_out, venue_fee, network_fee, priority_fee)
    fee = NetworkFee(network_fee, network_fee_asset or "") if network_fee is not None else None
    landing = Landing(chain, slot or 0, priority_fee or Decimal(0)) if chain is not None else None
    return Fill(amount_in, amount_out, venue_fee, fee, landing)


def _refuse_what_is_no_number(*values: Decimal | None) -> None:
    if not all(value is None or value.is_finite() for value in values):
        raise ValueError("not a number")
