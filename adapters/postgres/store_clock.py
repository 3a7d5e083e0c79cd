"""Postgres' own clock."""

from datetime import UTC, datetime

from adapters.postgres.read_pool import ReadPool


class PostgresStoreClock:
    """Reads the server's clock over a store's `reads`, which their owner opens."""

    def __init__(self, reads: ReadPool) -> None:
        self._reads = reads

    async def read_clock(self) -> datetime:
        at: datetime
        [(at,)] = await self._reads.run("SELECT clock_timestamp() AT TIME ZONE 'UTC'", ())
        return at.replace(tzinfo=UTC)
