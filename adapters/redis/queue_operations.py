"""The operators' part of the queue on a Redis stream."""

import asyncio
from collections.abc import Sequence
from itertools import count

from redis.asyncio import Redis

from adapters.redis import keys
from adapters.redis.errors import translated
from adapters.redis.leasing import LIMIT_SECONDS
from adapters.redis.own_connection import OwnConnection
from adapters.redis.script import Script
from application.ports.queue_operations import BuriedJob, Job, JobPlace, QueueCounts


class RedisQueueOperations:
    """`QueueOperations` in at most 2 s a call.

    Its connection is not the queue's: a call that is cancelled cuts its connection, which may not cost the jobs
    anything. Dead letters come by the `chunk`, so that a million of them holds the server up for nobody, and takes as
    long as it takes; some are left out when others are revived or forgotten meanwhile.
    """

    def __init__(self, client: Redis, *, chunk: int = 1000) -> None:
        def script(name: str, *places: str, after: str = "") -> Script:
            after = f"primary {after}"
            return Script(self._connection, name, *places, keys.NOTHING, limit=LIMIT_SECONDS, after=after)

        self._connection = OwnConnection(client)
        self._chunk = chunk
        homes = (keys.LEASES, keys.DELAYED)
        self._counts = script("counts", keys.JOBS, *homes, keys.BURIED, keys.PAUSED, keys.CLOCK, after="peek")
        self._find = script("find", keys.JOBS, *homes, keys.CLOCK, after="rows peek")
        self._buried = script("buried", keys.JOBS, keys.BURIED)
        self._revive = script("revive", keys.STREAM, keys.JOBS, keys.BURIED)
        self._forget = script("forget", keys.JOBS, keys.BURIED)
        self._resume = script("resume", keys.PAUSED, keys.BELL)

    async def close(self) -> None:
        """Let go of the connection; the next call makes another. Idempotent; the client stays open."""
        await self._connection.close()

    async def counts(self) -> QueueCounts:
        waiting, leased, delayed, buried, paused = await self._counts()
        return QueueCounts(waiting, leased, delayed, buried, bool(paused))

    async def find(self, order_id: str) -> Job | None:
        found = await self._find((order_id,))
        if not found:
            return None
        place, deliveries, left, holder, why = found
        return Job(
            order_id,
            JobPlace(place),
            deliveries,
            holder=holder or None,
            seconds=left / 1_000_000 if left else None,
            why=why or None,
        )

    async def buried(self) -> Sequence[BuriedJob]:
        jobs: list[BuriedJob] = []
        for passed in count(step=self._chunk):
            there, *listed = await self._buried((passed, self._chunk))
            jobs += map(BuriedJob, listed[::2], listed[1::2])
            if there < self._chunk:
                break
        return jobs

    async def revive(self, order_id: str) -> bool:
        return bool(await self._revive((order_id,)))

    async def forget(self, order_id: str) -> bool:
        return bool(await self._forget((order_id,)))

    async def pause(self) -> None:
        with translated():
            async with asyncio.timeout(LIMIT_SECONDS):
                await self._connection.run("SET", keys.PAUSED, "1")

    async def resume(self) -> None:
        await self._resume()
