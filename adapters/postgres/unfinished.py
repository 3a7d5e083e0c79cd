"""What is still to do: the sweep's pages, and how much there is."""

from contextlib import suppress
from typing import Final

from adapters.postgres.read_pool import ReadPool
from adapters.postgres.times import utc
from application.ports.errors import StoreUnavailable
from application.ports.order_store import Backlog, OpenOrders

# Names the sweep among the database's advisory locks.
SWEEP_LOCK = 0x6F726465_72730001
# Counting more could take longer than a statement may.
BACKLOG_MOST = 200_000
# Unfinished orders that are looked up one by one, and by how many ids the floor above them rises: at least, and in one
# statement. To pass an id whose order has finished takes 0.3 microseconds, or 15 where its page comes from the disk.
BELOW_FLOOR_MOST, FLOOR_GAIN, FLOOR_WINDOW = 1_000, 10_000, 20_000

# Unfinished orders are read in two parts: those from the floor on, and the few that are known to be below it (migration
# 0009). So hardly an index entry of what has finished is passed, however long no vacuum could take it away.
KNOWN: Final = "known AS (SELECT floor, below FROM sweep_floor)"
FROM_THE_FLOOR: Final = "finished_at IS NULL AND NOT resting AND id >= coalesce((SELECT floor FROM known), 0)"
BELOW_THE_FLOOR: Final = "finished_at IS NULL AND NOT resting AND id = ANY((SELECT below FROM known)::bigint[])"

# Let the floor follow what has finished. (most below it, least gain, window): whether it rose.
RAISE_FLOOR: Final = "SELECT raise_sweep_floor(%s, %s, %s)"

# One page of the sweep. (lock, after or NULL, idle seconds, limit): ids, oldest first; none while another session holds
# the lock, which lasts for this statement alone. Held orders are an operator's to release; resting ones are in neither
# part. What moved at a time that is still to come has stood still for nobody knows how long: the server's clock was put
# back.
SWEEP: Final = (
    """
WITH {known}, given AS MATERIALIZED (
    SELECT pg_try_advisory_xact_lock(%s::bigint) AS alone,
        coalesce((SELECT id FROM orders WHERE order_id = %s::text), 0) AS after, %s::float8 AS idle, %s::int AS most
)
SELECT order_id FROM (
    (SELECT id, order_id FROM orders WHERE {below}{idle} ORDER BY id LIMIT (SELECT most FROM given))
    UNION ALL
    (SELECT id, order_id FROM orders WHERE {from}{idle} ORDER BY id LIMIT (SELECT most FROM given))
) AS found
ORDER BY id
LIMIT (SELECT most FROM given)
""".replace(
        "{idle}",
        """
        AND (SELECT alone FROM given) AND NOT held AND id > (SELECT after FROM given)
        AND (updated_at > statement_timestamp() AT TIME ZONE 'UTC'
            OR updated_at <= statement_timestamp() AT TIME ZONE 'UTC' - make_interval(secs => least(
                (SELECT idle FROM given), CASE status WHEN 'pending' THEN 2 END)))""",
    )
    .replace("{known}", KNOWN)
    .replace("{below}", BELOW_THE_FLOOR)
    .replace("{from}", FROM_THE_FLOOR)
)

# How much there is to do. (limit, limit): the number of unfinished orders that do not rest, up to the limit, and when
# the first pending one was created. Counting reads the partial index alone where VACUUM has been, so held orders, which
# look like any other there, are counted; the search ends early, since only what is in workers' hands comes before it.
# Held orders do not wait: an operator decides on them.
BACKLOG: Final = (
    """
WITH {known}
SELECT
    (SELECT count(*) FROM orders WHERE {below})
        + (SELECT count(*) FROM (SELECT FROM orders WHERE {from} ORDER BY id LIMIT %s) AS unfinished),
    coalesce(
        (SELECT created_at FROM orders WHERE {below} AND status = 'pending' AND NOT held ORDER BY id LIMIT 1),
        (SELECT created_at FROM (SELECT * FROM orders WHERE {from} ORDER BY id LIMIT %s) AS unfinished
            WHERE status = 'pending' AND NOT held ORDER BY id LIMIT 1))
""".replace("{known}", KNOWN)
    .replace("{below}", BELOW_THE_FLOOR)
    .replace("{from}", FROM_THE_FLOOR)
)


async def open_orders(reads: ReadPool, after: str | None, limit: int, idle_seconds: float) -> OpenOrders:
    """Return a page of the sweep; the first one has the floor rise."""
    if after is None:
        with suppress(StoreUnavailable):  # the floor only saves time
            while await reads.run(RAISE_FLOOR, (BELOW_FLOOR_MOST, FLOOR_GAIN, FLOOR_WINDOW)) == [(True,)]:
                pass
    rows = await reads.run(SWEEP, (SWEEP_LOCK, after, idle_seconds, limit))
    order_ids = tuple(order_id for (order_id,) in rows)
    return OpenOrders(order_ids, order_ids[-1] if len(order_ids) == limit else None)


async def backlog(reads: ReadPool) -> Backlog:
    """Return how much there is to do."""
    [(unfinished, oldest_pending_at)] = await reads.run(BACKLOG, (BACKLOG_MOST, BACKLOG_MOST))
    return Backlog(unfinished, oldest_pending_at and utc(oldest_pending_at))
