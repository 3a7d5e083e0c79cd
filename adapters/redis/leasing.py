"""How the Redis queue takes jobs: one script, and a wait for what could change its answer."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from attrs import frozen

from adapters.redis import keys
from adapters.redis.errors import translated
from adapters.redis.own_connection import OwnConnection
from adapters.redis.script import LastLook, LookingScript, Script
from application import observe
from application.ports.errors import QueueUnavailable
from application.ports.order_queue import Lease

MOST = 1000
LIMIT_SECONDS = 2.0
# Then a look at everything again, in case a hint was missed.
BLOCK_SECONDS = 5.0
# How much later than asked the end of a wait may come, before it is not waited for.
LATE_SECONDS = 0.5
GONE_AFTER_MS = 3_600_000
WHY_MOST = 500
_LOST, _BURIED = 0, 2  # two of the outcomes in retry.lua


@frozen
class _Answer:
    """What `take.lua` said; `due` in seconds, None when nothing will fall due. `stream` is empty in a pause."""

    leases: Sequence[Lease]
    due: float | None = None
    stream: str = ""
    bell: str = "0-0"


class HandBack:
    """Hands jobs back for later; those that failed too often are buried."""

    def __init__(self, connection: OwnConnection, looked: LastLook, most_deliveries: int) -> None:
        places = (keys.STREAM, keys.JOBS, keys.LEASES, keys.DELAYED, keys.BURIED, keys.BELL)
        self._most_deliveries = most_deliveries
        self._script = LookingScript(connection, looked, "retry", *places, limit=LIMIT_SECONDS)

    async def __call__(self, items: Sequence[tuple[Lease, float, str | None]]) -> Sequence[bool]:
        """Hand back (lease, seconds, failure) each; return which leases still held."""
        args: list[str | int] = [keys.GROUP, self._most_deliveries]
        for lease, seconds, failure in items:
            why = "" if failure is None else _sendable(failure) or "no reason given"
            args += (lease.order_id, claim(lease), max(0, round(seconds * 1_000_000)), why)
        outcomes = await self._script(args)
        for (lease, _, failure), outcome in zip(items, outcomes, strict=True):
            if outcome == _BURIED:
                observe.job_buried(lease.order_id, failure or "")
        return [outcome != _LOST for outcome in outcomes]


class Leasing:
    """Takes jobs for one holder."""

    def __init__(
        self, connection: OwnConnection, looked: LastLook, holder: str, lease_seconds: float, most_deliveries: int
    ) -> None:
        places = (keys.STREAM, keys.JOBS, keys.LEASES, keys.DELAYED, keys.BURIED, keys.PAUSED, keys.BELL)
        self._connection = connection
        self._holder = holder
        self._settings = (round(lease_seconds * 1_000_000), most_deliveries)
        self._take = LookingScript(connection, looked, "take", *places, limit=LIMIT_SECONDS, after="rows")
        self._tidy = Script(connection, "tidy", keys.STREAM, limit=LIMIT_SECONDS)
        self._hand_back = HandBack(connection, looked, most_deliveries)
        self._tidied = False

    async def take(self, most: int, wait_seconds: float) -> Sequence[Lease]:
        """Take jobs as the port says. Cancelled in the middle, it hands back what it was just given."""
        if not self._tidied:
            await self._tidy((keys.GROUP, GONE_AFTER_MS))
            self._tidied = True
        clock = asyncio.get_running_loop().time
        deadline = clock() + wait_seconds
        while True:
            answer = await self._ask(min(most, MOST))
            left = deadline - clock()
            if answer.leases or left <= 0:
                return answer.leases
            await self._wait(answer, left)

    async def _ask(self, most: int) -> _Answer:
        asked = asyncio.ensure_future(self._run_script(most))
        try:
            return await asyncio.shield(asked)
        except asyncio.CancelledError:
            with suppress(QueueUnavailable):
                leases = (await asked).leases
                if leases:
                    await self._hand_back([(lease, 0, None) for lease in leases])
            raise

    async def _run_script(self, most: int) -> _Answer:
        taken, buried, taken_over, *rest = await self._take((keys.GROUP, self._holder, most, *self._settings))
        for order_id in buried:
            observe.job_buried(order_id, "delivered too often")
        observe.leases_taken_over(taken_over)
        if not rest:
            pairs = zip(taken[::2], taken[1::2], strict=True)
            return _Answer([Lease(order_id, self._holder, int(delivery)) for order_id, delivery in pairs])
        due, stream, bell = rest
        return _Answer((), None if due < 0 else due / 1_000_000, stream, bell)

    async def _wait(self, answer: _Answer, seconds: float) -> None:
        """Wait for a new entry or a ring of the bell, but never beyond what falls due. Only a hint.

        A server whose clock is put back meanwhile would let it wait as much longer.
        """
        seconds = min(seconds, BLOCK_SECONDS, BLOCK_SECONDS if answer.due is None else answer.due)
        places = (keys.BELL, keys.STREAM) if answer.stream else (keys.BELL,)
        after = (answer.bell, answer.stream)[: len(places)]
        with translated(), suppress(TimeoutError):
            async with asyncio.timeout(seconds + LATE_SECONDS):
                # At least 1 ms: BLOCK 0 would wait for ever.
                block = max(1, round(seconds * 1000))
                await self._connection.wait("XREAD", "COUNT", 1, "BLOCK", block, "STREAMS", *places, *after)


def claim(lease: Lease) -> str:
    """Return what the scripts compare: who holds which delivery."""
    return f"{lease.delivery} {lease.holder}"


def _sendable(text: str) -> str:
    """Return a text that cannot fail its batch: an error may quote anything."""
    return text[:WHY_MOST].encode(errors="replace").decode()
