"""The SQL of halts, and of looking whether what was acknowledged is still there."""

from typing import Final

from adapters.postgres.audit import audited

# Who answers: its timeline (NULL while it is in recovery), and when it was started. Any role may ask.
SERVER: Final = """
SELECT
    CASE WHEN pg_is_in_recovery() THEN NULL
        ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::bigint END,
    pg_postmaster_start_time()::text
"""

# Whether this role may ask which database this is, and then which.
MAY_ASK: Final = "SELECT has_function_privilege('pg_control_system()', 'EXECUTE')"
IDENTITY: Final = "SELECT (SELECT system_identifier::text FROM pg_control_system()), current_database()::text"

# Find writes that are not there. (rows): order id and version of those.
MISSING: Final = """
SELECT i.order_id, i.version
FROM json_to_recordset(%s) AS i (order_id text, version integer)
LEFT JOIN orders AS o ON o.order_id = ANY(ARRAY[i.order_id])
WHERE o.version IS NULL OR o.version < i.version
"""

# The halt that holds: since, why, who began it, whether writes were lost, for how many seconds already.
_HALT: Final = """
since, why, begun_by, lost_writes, extract(epoch FROM clock_timestamp() AT TIME ZONE 'UTC' - since)::float8
"""
CURRENT: Final = "SELECT {halt} FROM trading_halts WHERE ended_at IS NULL".replace("{halt}", _HALT)

# Begin a halt, unless there is one; it learns that writes are lost. (why, who, whether writes are lost, entries).
START: Final = audited("""
INSERT INTO trading_halts (why, begun_by, lost_writes) VALUES (%s, %s, %s)
ON CONFLICT ((true)) WHERE ended_at IS NULL DO UPDATE SET lost_writes = true
    WHERE excluded.lost_writes AND NOT trading_halts.lost_writes
RETURNING id
""")

# Begin a halt because a write is lost, or let the one that holds say so. (why, who, timeline, seconds since the write
# was acknowledged). Nothing happens when a halt for lost writes that began after that write has been ended: an operator
# has seen to it.
START_LOST: Final = """
INSERT INTO trading_halts (why, begun_by, lost_writes, timeline)
SELECT i.why, i.begun_by, true, i.timeline
FROM (VALUES (%s::text, %s::text, %s::bigint)) AS i (why, begun_by, timeline)
WHERE NOT EXISTS (
    SELECT FROM trading_halts
    WHERE lost_writes AND ended_at IS NOT NULL
        AND since >= clock_timestamp() AT TIME ZONE 'UTC' - make_interval(secs => %s::float8))
ON CONFLICT ((true)) WHERE ended_at IS NULL DO UPDATE
    SET lost_writes = true, timeline = excluded.timeline, why = trading_halts.why || '; ' || excluded.why
    WHERE NOT trading_halts.lost_writes
"""

# End the halt that holds. (who, entries): the halt, as CURRENT has it.
END: Final = audited(
    """
UPDATE trading_halts SET ended_at = clock_timestamp() AT TIME ZONE 'UTC', ended_by = %s
WHERE ended_at IS NULL
RETURNING {halt}
""".replace("{halt}", _HALT)
)

# Hold orders that are not final. (list of ids, entries): those that were not held.
HOLD: Final = audited("""
UPDATE orders SET held = true WHERE order_id = ANY(%b::text[]) AND finished_at IS NULL AND NOT held RETURNING order_id
""")

# Release an order. (id, entries): the id if it was held.
RELEASE: Final = audited("""
UPDATE orders SET held = false WHERE order_id = %s AND finished_at IS NULL AND held RETURNING order_id
""")
