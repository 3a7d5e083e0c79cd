"""Counts of orders in Postgres: a row for each minute and process."""

from collections.abc import Mapping
from datetime import UTC
from typing import Final

from adapters.postgres.read_pool import ReadPool
from application.ports.order_counts import WINDOWS, CountedPart, Counts

# Keep a part. (minute, process, number, accepted, confirmed, failed, cancelled, second, and the four again): nothing.
# Deletes rows that no window has, a bounded part; what another session deletes just now is passed by.
KEEP: Final = """
WITH old AS (
    DELETE FROM order_counts WHERE (minute, process) IN (
        SELECT minute, process FROM order_counts
        WHERE minute < clock_timestamp() AT TIME ZONE 'UTC' - interval '25 hours'
        ORDER BY minute LIMIT 1000 FOR UPDATE SKIP LOCKED)
)
INSERT INTO order_counts AS c (minute, process, part, accepted, confirmed, failed, cancelled, parts)
VALUES (%s::timestamp, %s, %s::bigint, %s::bigint, %s::bigint, %s::bigint, %s::bigint,
    ARRAY[ARRAY[%s::integer, %s::integer, %s::integer, %s::integer, %s::integer]])
ON CONFLICT (minute, process) DO UPDATE SET
    part = excluded.part, accepted = c.accepted + excluded.accepted, confirmed = c.confirmed + excluded.confirmed,
    failed = c.failed + excluded.failed, cancelled = c.cancelled + excluded.cancelled, parts = c.parts || excluded.parts
WHERE c.part < excluded.part
"""

# Add up windows. (lengths): for each the four counts, in their order. The shortest is added up part by part.
SUMS: Final = """
WITH given AS (
    SELECT length, n, clock_timestamp() AT TIME ZONE 'UTC' - length AS since
    FROM unnest(%b::interval[]) WITH ORDINALITY AS i (length, n)
), counted AS (
    SELECT g.n, c.accepted, c.confirmed, c.failed, c.cancelled
    FROM given AS g JOIN order_counts AS c ON c.minute > g.since
    WHERE g.length > interval '1 minute'
    UNION ALL
    SELECT g.n, c.parts[p][2], c.parts[p][3], c.parts[p][4], c.parts[p][5]
    FROM given AS g JOIN order_counts AS c ON c.minute > g.since - interval '1 minute',
        generate_subscripts(c.parts, 1) AS p
    WHERE g.length <= interval '1 minute' AND c.minute + make_interval(secs => c.parts[p][1]) > g.since
)
SELECT coalesce(sum(accepted), 0)::bigint, coalesce(sum(confirmed), 0)::bigint, coalesce(sum(failed), 0)::bigint,
    coalesce(sum(cancelled), 0)::bigint
FROM given LEFT JOIN counted USING (n)
GROUP BY n ORDER BY n
"""


class PostgresOrderCounts:
    """Counts over a store's `upkeep`, which its owner opens."""

    def __init__(self, upkeep: ReadPool) -> None:
        self._upkeep = upkeep

    async def keep(self, process: str, part: CountedPart) -> None:
        at, numbers = part.at.astimezone(UTC).replace(tzinfo=None, microsecond=0), part.counts.numbers
        row = (at.replace(second=0), process, part.number, *numbers)
        await self._upkeep.change(KEEP, (*row, at.second, *numbers))

    async def windows(self) -> Mapping[str, Counts]:
        rows = await self._upkeep.run(SUMS, (list(WINDOWS.values()),))
        return {name: Counts(*row) for name, row in zip(WINDOWS, rows, strict=True)}
