"""Workers in Postgres: a row each."""

from collections.abc import Sequence
from typing import Final

from adapters.postgres.read_pool import ReadPool
from adapters.postgres.times import utc
from application.ports.workers import SeenWorker, WorkerState

# Keep what a worker reports. (name, name, version, slots, in flight): nothing. Deletes others, not heard of for a day.
REPORT: Final = """
WITH gone AS (
    DELETE FROM workers WHERE name IN (
        SELECT name FROM workers WHERE name <> %s AND seen_at < clock_timestamp() AT TIME ZONE 'UTC' - interval '1 day'
        FOR UPDATE SKIP LOCKED)
)
INSERT INTO workers (name, version, slots, in_flight) VALUES (%s, %s, %s::integer, %s::integer)
ON CONFLICT (name) DO UPDATE SET
    version = excluded.version, slots = excluded.slots, in_flight = excluded.in_flight, seen_at = excluded.seen_at
"""

LEAVE: Final = "DELETE FROM workers WHERE name = %s"

# Those that were heard of lately. (seconds): name, version, slots, in flight, since, seen at.
HEARD: Final = """
SELECT name, version, slots, in_flight, since, seen_at FROM workers
WHERE seen_at > clock_timestamp() AT TIME ZONE 'UTC' - make_interval(secs => %s::float8)
ORDER BY since, name
"""


class PostgresWorkers:
    """Workers over a store's `upkeep`, which its owner opens."""

    def __init__(self, upkeep: ReadPool) -> None:
        self._upkeep = upkeep

    async def report(self, state: WorkerState) -> None:
        await self._upkeep.change(REPORT, (state.name, state.name, state.version, state.slots, state.in_flight))

    async def leave(self, name: str) -> None:
        await self._upkeep.change(LEAVE, (name,))

    async def heard(self, within_seconds: float) -> Sequence[SeenWorker]:
        return [
            SeenWorker(WorkerState(*state), utc(since), utc(seen_at))
            for *state, since, seen_at in await self._upkeep.run(HEARD, (within_seconds,))
        ]
