"""Marks in a list of Redis."""

import asyncio
from collections.abc import Sequence

import msgspec
from redis.asyncio import Redis

from adapters.redis import keys
from adapters.redis.errors import translated
from adapters.redis.own_connection import OwnConnection
from application.ports.write_marks import WriteMark

LIMIT_SECONDS = 0.5
MARKS_MOST = 200
DAY_SECONDS = 86_400


class RedisWriteMarks:
    """Keeps the newest marks, as JSON, until none came for a day."""

    def __init__(self, client: Redis) -> None:
        self._connection = OwnConnection(client)

    async def close(self) -> None:
        """Disconnect. Idempotent."""
        await self._connection.close()

    async def leave(self, mark: WriteMark) -> None:
        with translated():
            async with asyncio.timeout(LIMIT_SECONDS):
                await self._connection.run("LPUSH", keys.MARKS, msgspec.json.encode(mark).decode())
                await self._connection.run("LTRIM", keys.MARKS, 0, MARKS_MOST - 1)
                await self._connection.run("EXPIRE", keys.MARKS, DAY_SECONDS)

    async def left(self) -> Sequence[WriteMark]:
        with translated():
            async with asyncio.timeout(LIMIT_SECONDS):
                await self._connection.run("DEL", keys.NOTHING)  # a replica would answer from what it heard last
                texts = await self._connection.run("LRANGE", keys.MARKS, 0, MARKS_MOST - 1)
            # Who leaves no marks would stay with this server, whatever becomes of it.
            await self._connection.look_again()
        return [mark for text in texts if (mark := _read(text))]


def _read(text: str | bytes) -> WriteMark | None:
    try:
        mark = msgspec.json.decode(text, type=WriteMark)
    except (msgspec.DecodeError, RecursionError):
        return None
    return mark if mark.at.tzinfo is not None else None
