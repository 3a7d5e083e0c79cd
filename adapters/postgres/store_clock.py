"""Postgres' own clock."""

from datetime import datetime

from adapters.postgres.read_pool import ReadPool
from adapters.postgres.times import utc


class PostgresStoreClock:
    """Reads the server's clock over a store's `health` connection: no statement on it is long."""

    def __init__(self, health: ReadPool) -> None:
        self._health = health

    async def read_clock(self) -> datetime:
        at: datetime
        [(at,)] = await self._health.run("SELECT clock_timestamp() AT TIME ZONE 'UTC'", ())
        return utc(at)
