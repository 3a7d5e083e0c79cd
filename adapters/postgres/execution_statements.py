"""The SQL that lists executions. They are kept by statements.APPEND, with the order that they confirm."""

from typing import Final

_FIND_EXECUTIONS: Final = """
SELECT
    id, order_id, user_id, input_token, output_token, venue, tx_hash, trim_scale(amount_in), trim_scale(amount_out),
    trim_scale(venue_fee), trim_scale(network_fee), network_fee_asset, chain, slot, trim_scale(priority_fee),
    trim_scale(quoted_price), trim_scale(price_impact), executed_at, finality
FROM executions WHERE true
"""

# Find the execution of an order whose swap landed on a chain. (order id): its row.
FIND_ON_CHAIN: Final = f"{_FIND_EXECUTIONS} AND order_id = %s AND chain IS NOT NULL"
# Times rise with ids, so a range of time is a range of ids: what is outside is not read.
_SINCE: Final = " AND executed_at >= %s AND id >= (SELECT executions_from(%s::timestamp - {slack}))"
_UNTIL: Final = " AND executed_at < %s AND id < (SELECT executions_from(%s::timestamp + {slack}))"
# Times are Postgres', as workers know them. Twice what these, and what a worker needs to record, may be away from the
# truth: any row that the search meets may be late by half of it, and the one that is looked for early by the other.
# A step of Postgres' clock by more may leave executions near it out of a range; without a range all are there.
EXECUTION_SLACK: Final = "interval '10 minutes'"


def find_executions(*, by_user: bool, since: bool, until: bool, before: bool) -> str:
    """List executions, the last recorded first. ([user id], [since, since], [until, until], [id before], limit): rows.

    The rows are those of executions.py.
    """
    query = _FIND_EXECUTIONS
    if by_user:
        query += " AND user_id = %s"
    if since:
        query += _SINCE.replace("{slack}", EXECUTION_SLACK)
    if until:
        query += _UNTIL.replace("{slack}", EXECUTION_SLACK)
    if before:
        query += " AND id < %s"
    return f"{query} ORDER BY id DESC LIMIT %s"
