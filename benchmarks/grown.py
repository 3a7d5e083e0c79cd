"""What `growth` measures of one size in one round."""

import asyncio
import random
import time
from typing import Any

from attrs import asdict, frozen

from benchmarks.backlog import all_final, kept_below
from benchmarks.end_to_end import IN_THE_ENGINE
from benchmarks.finished import Finished, check_all_confirmed, finished_between
from benchmarks.load import LoadResult, load, started_load
from benchmarks.no_delays import NO_DELAYS
from benchmarks.options import Options
from benchmarks.parts.helper import Answer
from benchmarks.parts.http_connection import HttpConnection
from benchmarks.parts.latencies import summary_ms
from benchmarks.parts.table_facts import Writes
from benchmarks.rig import Rig
from benchmarks.usage import Meter

READS = 1000
WARM_UP_READS = 100
DONE_SECONDS = 300.0
# Many, since their orders touch many places of the index; few enough that each has a full page of orders to list.
USERS = 1000


@frozen
class Window:
    """One size in one round. `written` is what all its `orders` cost from their acceptance to their end."""

    accepted: LoadResult
    finished: Finished
    get: Answer
    listed: Answer
    meter: Meter
    written: Writes
    orders: int

    def numbers(self) -> dict[str, Any]:
        """Return what is kept of it."""
        return {
            "accepted": asdict(self.accepted),
            "finished": asdict(self.finished),
            "get": self.get,
            "list": self.listed,
            "written": asdict(self.written),
            "orders": self.orders,
        }


async def measured(rig: Rig, size: int, options: Options) -> Window:
    """Accept with no worker; then start one and, when all is done, accept and finish at once; then read."""
    if size:
        await rig.sql("CHECKPOINT")
    else:
        await rig.reset()
    last = await _last_id(rig)
    before = await Writes.until_now(rig)
    async with rig.process("api") as api:
        await load(api.url, seconds=options.warm_up_seconds, users=USERS)
        accepted = await load(api.url, seconds=options.seconds, users=USERS)
        async with rig.process("worker", **NO_DELAYS):
            await all_final(rig, DONE_SECONDS)
            finished, meter = await _end_to_end(rig, api.url, options)
            written, orders = await Writes.until_now(rig) - before, await _last_id(rig) - last
            await check_all_confirmed(rig, accepted.requests, last)
            await rig.sql("CHECKPOINT")  # which would be under way otherwise
            get, listed = await _reads(rig, api.url, options)
    return Window(accepted, finished, get, listed, meter, written, orders)


async def _end_to_end(rig: Rig, url: str, options: Options) -> tuple[Finished, Meter]:
    """Keep a thousand orders in the engine; return how many it finished in the window."""
    last = await _last_id(rig)
    seconds = options.warm_up_seconds + options.seconds + 1
    async with started_load(url, seconds=seconds, users=USERS) as running, kept_below(rig, IN_THE_ENGINE, running.pid):
        await asyncio.sleep(options.warm_up_seconds)
        since = time.time()
        with rig.meter() as meter:
            await asyncio.sleep(options.seconds)
        until = time.time()
        await running.result()
    await all_final(rig, DONE_SECONDS)
    return await finished_between(rig, since, until, last), meter


async def _reads(rig: Rig, url: str, options: Options) -> tuple[Answer, Answer]:
    """Get orders, and list users' orders, one call after the other; each of them drawn from the whole table."""
    [(low, high)] = await rig.sql("SELECT min(id), max(id) FROM orders")
    chance = random.Random(high)  # noqa: S311 - no secret
    drawn = chance.sample(range(low, high + 1), k=options.many(READS) + WARM_UP_READS)
    rows = await rig.sql("SELECT order_id, user_id FROM orders WHERE id = ANY(%s)", (drawn,))
    chance.shuffle(rows)
    http = await HttpConnection.connected(url)
    get = await _timed(http, [f"/api/orders/{order_id}" for order_id, _ in rows])
    listed = await _timed(http, [f"/api/orders?userId={user_id}" for _, user_id in rows])
    http.close()
    return get, listed


async def _timed(http: HttpConnection, paths: list[str]) -> Answer:
    for path in paths[:WARM_UP_READS]:
        await http.get(path)
    return summary_ms([await _ns(http, path) for path in paths[WARM_UP_READS:]])


async def _ns(http: HttpConnection, path: str) -> int:
    since = time.monotonic_ns()
    await http.get(path)
    return time.monotonic_ns() - since


async def _last_id(rig: Rig) -> int:
    [(last,)] = await rig.sql("SELECT coalesce(max(id), 0) FROM orders")
    return int(last)
