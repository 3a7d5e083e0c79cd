"""Doing harm to the fleet, each deed at its time, and mending it."""

import asyncio
import os
import shutil
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import psycopg
import redis.asyncio
from attrs import define, field

from tests.chaos.fleet import Fleet
from tests.chaos.plan import Deed, Kind
from tests.chaos.process import Process
from tests.venues import set_clock

SWEEP_TRIES = 40
# Shorter than the engine's lock_timeout: whoever meets the lock only waits a little.
LOCKED_SECONDS = 0.3
LOOK_SECONDS = 0.02
BETWEEN_SECONDS = 0.4  # in which the fleet works on
STEPS_SECONDS = (-3600, -60, -15, 15, 60, 3600)
_CUT_FROM = {Kind.CUT_POSTGRES: "postgres", Kind.CUT_REDIS: "redis", Kind.CUT_VENUES: "venues"}
# The names of the sessions whose sweep is under way; a transaction goes on seeing its first list unless told to forget.
FORGET = "SELECT pg_stat_clear_snapshot()"
SWEEPERS = """
SELECT application_name FROM pg_stat_activity
WHERE state = 'active' AND query ~ 'raise_sweep_floor|pg_try_advisory_xact_lock' AND pid <> pg_backend_pid()
"""


@define(eq=False)
class Mischief:
    """Does the deeds of a plan. One that meets a part in trouble waits until that is mended."""

    fleet: Fleet
    done: Counter[Kind] = field(factory=Counter)
    _turns: dict[str, asyncio.Lock] = field(factory=dict)

    async def run(self, deeds: list[Deed]) -> None:
        """Do everything at its time, and return when all is mended."""
        async with asyncio.TaskGroup() as group:
            for deed in deeds:
                await asyncio.sleep(deed.at - self.fleet.now())
                group.create_task(self._do(deed), name=deed.kind)

    async def _do(self, deed: Deed) -> None:
        apis, workers = self.fleet.apis, self.fleet.workers
        api, worker = apis[deed.who % len(apis)], workers[deed.who % len(workers)]
        postgres, cache = self.fleet.postgres, self.fleet.redis
        match deed.kind:
            case Kind.KILL_API | Kind.END_API:
                await self._down(deed, api)
            case Kind.KILL_WORKER | Kind.END_WORKER:
                await self._down(deed, worker)
            case Kind.KILL_SIMULATOR:
                await self._down(deed, self.fleet.processes["simulator"])
            case Kind.FREEZE_WORKER:
                await self._frozen(deed, worker)
            case Kind.FREEZE_SWEEPER:
                await self._sweeper_frozen(deed)
            case Kind.KILL_POSTGRES:
                await self._server(deed, "postgres", postgres.kill, postgres.start)
            case Kind.STOP_POSTGRES:
                await self._server(deed, "postgres", postgres.stop, postgres.start)
            case Kind.HANG_POSTGRES:
                await self._server(deed, "postgres", postgres.pause, postgres.resume)
            case Kind.KILL_REDIS:
                await self._server(deed, "redis", cache.kill, cache.start)
            case Kind.HANG_REDIS:
                await self._server(deed, "redis", cache.pause, cache.resume)
            case Kind.TURN_BACK_REDIS:
                await self._turned_back(deed)
            case Kind.FLUSH:
                await self._told_redis(deed, "FLUSHALL")
            case Kind.DROP_NORMAL:
                await self._told_redis(deed, "CLIENT KILL TYPE normal SKIPME yes")
            case Kind.DROP_PUBSUB:
                await self._told_redis(deed, "CLIENT KILL TYPE pubsub")
            case Kind.CUT_POSTGRES | Kind.CUT_REDIS | Kind.CUT_VENUES:
                await self._cut_off(deed, worker)
            case Kind.SET_CLOCK:
                await self._clock_set(deed)
        self.done[deed.kind] += 1

    def _turn(self, target: str) -> asyncio.Lock:
        return self._turns.setdefault(target, asyncio.Lock())

    async def _down(self, deed: Deed, process: Process) -> None:
        """End a process by force or politely, and start it again."""
        polite = deed.kind in (Kind.END_API, Kind.END_WORKER)
        async with self._turn(process.name):
            with self.fleet.trouble(process.name, deed.kind):
                process.signal(signal.SIGTERM if polite else signal.SIGKILL)
                code = await process.ended()
                if polite and code:
                    self.fleet.misbehaviour.append(f"{process.name} ended with {code} after SIGTERM at {deed.at:.1f} s")
                await asyncio.sleep(deed.lasts)
                await process.start()
                await process.answers("live")

    async def _frozen(self, deed: Deed, process: Process) -> None:
        async with self._turn(process.name):
            with self.fleet.trouble(process.name, deed.kind):
                process.signal(signal.SIGSTOP)
                await asyncio.sleep(deed.lasts)
                process.signal(signal.SIGCONT)

    async def _server(
        self, deed: Deed, name: str, harm: Callable[[], object], mend: Callable[[], object], age: float | None = None
    ) -> None:
        async with self._turn(name):
            with self.fleet.trouble(name, deed.kind):
                await asyncio.to_thread(harm)
                await asyncio.sleep(deed.lasts if age is None else age)
                await asyncio.to_thread(mend)

    async def _turned_back(self, deed: Deed) -> None:
        """Copy Redis's data, let it work on for a while, kill it, and start it with what it had then."""
        copy = self.fleet.folder / f"redis-{deed.at:.3f}"
        data = self.fleet.folder / "redis" / "data"
        async with self._turn("redis"):
            await asyncio.to_thread(_copy, data, copy)
        await asyncio.sleep(deed.lasts)

        def harm() -> None:
            self.fleet.redis.kill()
            shutil.rmtree(data)
            copy.rename(data)

        await self._server(deed, "redis", harm, self.fleet.redis.start, age=0)

    async def _cut_off(self, deed: Deed, worker: Process) -> None:
        """Drop all that goes between a worker and a server, in silence."""
        relay = self.fleet.relays[worker.name, _CUT_FROM[deed.kind]]
        async with self._turn(worker.name):
            with self.fleet.trouble(worker.name, deed.kind):
                relay.hold()
                await asyncio.sleep(deed.lasts)
                relay.release()

    async def _clock_set(self, deed: Deed) -> None:
        """Set the venues' clock, and set it right again."""
        async with self._turn("simulator"):
            with self.fleet.trouble("simulator", deed.kind):
                url = self.fleet.processes["simulator"].url
                await set_clock(url, STEPS_SECONDS[deed.who % len(STEPS_SECONDS)])
                await asyncio.sleep(deed.lasts)
                await set_clock(url, 0)

    async def _told_redis(self, deed: Deed, command: str) -> None:
        async with self._turn("redis"):
            with self.fleet.trouble("redis", deed.kind):
                async with redis.asyncio.Redis.from_url(self.fleet.redis.url) as client:
                    await client.execute_command(*command.split())  # type: ignore[no-untyped-call]

    async def _sweeper_frozen(self, deed: Deed) -> None:
        """Hold sweeps up at a lock on the table, to see whose they are; freeze one of those, then let go."""
        for _ in range(SWEEP_TRIES):
            async with self._turn("postgres"):
                with self.fleet.trouble("postgres", "hold up sweeps"):
                    sweeper = await self._caught_sweeping()
            if sweeper is not None:
                with self.fleet.trouble(sweeper.name, deed.kind):
                    await asyncio.sleep(deed.lasts)
                    sweeper.signal(signal.SIGCONT)
                self._turn(sweeper.name).release()
                return
            await asyncio.sleep(BETWEEN_SECONDS)
        raise AssertionError(f"no sweep was met in {SWEEP_TRIES} tries")

    async def _caught_sweeping(self) -> Process | None:
        """Return a worker that is now frozen in its sweep, its turn taken."""
        async with await psycopg.AsyncConnection.connect(self.fleet.postgres.url) as connection:
            await connection.execute("SET lock_timeout = 1000")
            await connection.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
            until = self.fleet.now() + LOCKED_SECONDS
            while self.fleet.now() < until:
                await connection.execute(FORGET)
                for (name,) in await (await connection.execute(SWEEPERS)).fetchall():
                    if not self._turn(name).locked():
                        await self._turn(name).acquire()
                        self.fleet.processes[name].signal(signal.SIGSTOP)
                        return self.fleet.processes[name]
                await asyncio.sleep(LOOK_SECONDS)
        return None


def _copy(data: Path, copy: Path) -> None:
    """Copy a server's data, for the same owner."""
    shutil.copytree(data, copy)
    owner = data.stat()
    for path in (copy, *copy.rglob("*")):
        os.chown(path, owner.st_uid, owner.st_gid)
