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
# The sum of integers is a bigint, that of bigints a numeric, which takes several times as long.
SUMS: Final = """
WITH given AS (
    SELECT length, n, clock_timestamp() AT TIME ZONE 'UTC' - length AS since
    FROM unnest(%b::interval[]) WITH ORDINALITY AS i (length, n)
)
SELECT coalesce(long.accepted, short.accepted, 0), coalesce(long.confirmed, short.confirmed, 0),
    coalesce(long.failed, short.failed, 0), coalesce(long.cancelled, short.cancelled, 0)
FROM given AS g, LATERAL (
    SELECT sum(accepted::integer) AS accepted, sum(confirmed::integer) AS confirmed, sum(failed::integer) AS failed,
        sum(cancelled::integer) AS cancelled
    FROM order_counts WHERE g.length > interval '1 minute' AND minute > g.since
) AS long, LATERAL (
    SELECT sum(parts[p][2]) AS accepted, sum(parts[p][3]) AS confirmed, sum(parts[p][4]) AS failed,
        sum(parts[p][5]) AS cancelled
    FROM order_counts, generate_subscripts(parts, 1) AS p
    WHERE g.length <= interval '1 minute' AND minute > g.since - interval '1 minute'
        AND minute + make_interval(secs => parts[p][1]) > g.since
) AS short
ORDER BY n
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
