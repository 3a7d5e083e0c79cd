"""Reports of the processes' shares in a hash of Redis."""

from math import isfinite

import msgspec
from redis.asyncio import Redis

from adapters.redis import keys
from adapters.redis.own_connection import OwnConnection
from adapters.redis.script import Script
from application.ports.limit_reports import Exchange, Report

LIMIT_SECONDS = 0.5
_decoder = msgspec.json.Decoder(Report)


class RedisLimitReports:
    """Keeps the newest report of each process, as JSON."""

    def __init__(self, client: Redis) -> None:
        self._connection = OwnConnection(client)
        self._script = Script(self._connection, "limits", keys.LIMITS, limit=LIMIT_SECONDS)

    async def close(self) -> None:
        """Disconnect. Idempotent."""
        await self._connection.close()

    async def exchange(self, process: str, report: Report, since: int = 0) -> Exchange:
        number, *texts = await self._script((process, msgspec.json.encode(report).decode(), since))
        others = [other for text in texts if (other := _read(text)) is not None]
        return Exchange(number, others)


def _read(text: str | bytes) -> Report | None:
    """Return a report; None for what makes no sense."""
    try:
        report = _decoder.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None
    numbers = (number for said in report.limits.values() for pair in said.values() for number in pair)
    return report if all(isfinite(number) and number >= 0 for number in numbers) else None
