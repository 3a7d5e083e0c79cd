"""The SQL about swaps that their chain may still undo. They are kept by statements.APPEND, as other executions."""

from typing import Final

# One page of unsettled swaps. (after or NULL, seconds apart, limit): rows as in unsettled_swaps.py, oldest first.
# Who asks for a first page takes the turn, if the last one began long enough ago, or at a time that is still to come:
# the server's clock was put back. For the others there is nothing.
UNSETTLED: Final = """
WITH given AS MATERIALIZED (SELECT %s::text AS after, %s::float8 AS apart, %s::int AS most), turn AS (
    INSERT INTO finality_sweep AS s (began_at)
    SELECT clock_timestamp() AT TIME ZONE 'UTC' FROM given WHERE after IS NULL
    ON CONFLICT (one) DO UPDATE SET began_at = excluded.began_at
    WHERE s.began_at > excluded.began_at
        OR s.began_at <= excluded.began_at - make_interval(secs => (SELECT apart FROM given))
    RETURNING one
), found AS (
    SELECT * FROM executions
    WHERE finality = 'confirmed'
        AND id > coalesce((SELECT e.id FROM executions AS e JOIN given AS g ON g.after = e.order_id
            WHERE e.chain IS NOT NULL), 0)
        AND ((SELECT after FROM given) IS NOT NULL OR EXISTS (SELECT FROM turn))
    ORDER BY id
    LIMIT (SELECT most FROM given)
)
SELECT
    e.order_id, o.attempt, e.tx_hash, e.venue, trim_scale(o.tx_amount), trim_scale(o.tx_limit_price), o.tx_expires_at,
    p.payload, trim_scale(e.amount_in), trim_scale(e.amount_out), trim_scale(e.venue_fee), trim_scale(e.network_fee),
    e.network_fee_asset, e.chain, e.slot, trim_scale(e.priority_fee), e.executed_at
FROM found AS e
LEFT JOIN orders AS o ON o.order_id = e.order_id
LEFT JOIN transaction_payloads AS p ON p.orders_id = o.id
ORDER BY e.id
"""

# Keep how a swap ended, and drop what was sent. (finality, amounts in and out, venue fee, network fee, its asset, slot,
# priority fee, order id): its id, if it was unsettled until now. What is NULL stays as it was.
SETTLE: Final = """
WITH settled AS (
    UPDATE executions SET
        finality = %s, amount_in = coalesce(%s, amount_in), amount_out = coalesce(%s, amount_out),
        venue_fee = coalesce(%s, venue_fee), network_fee = coalesce(%s, network_fee),
        network_fee_asset = coalesce(%s, network_fee_asset), slot = coalesce(%s, slot),
        priority_fee = coalesce(%s, priority_fee)
    WHERE order_id = %s AND chain IS NOT NULL AND finality = 'confirmed'
    RETURNING order_id
), purged AS (
    DELETE FROM transaction_payloads WHERE orders_id IN (
        SELECT id FROM orders WHERE order_id = ANY(ARRAY(SELECT order_id FROM settled)))
)
SELECT order_id FROM settled
"""
