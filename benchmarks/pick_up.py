"""How soon an idle engine begins with an order: POST sent -> first `routing` message on the order's Redis channel."""

import asyncio
import random
import time
from array import array
from itertools import cycle
from typing import Any

from attrs import define, field, frozen

from benchmarks.generator import prepared_requests
from benchmarks.load import USERS
from benchmarks.no_delays import NO_DELAYS
from benchmarks.options import Options
from benchmarks.parts.figures import within
from benchmarks.parts.http_connection import HttpConnection
from benchmarks.parts.latencies import summary_ms
from benchmarks.parts.redis_wire import RedisWire
from benchmarks.report import Figure, Report, Usage
from benchmarks.rig import Rig
from benchmarks.usage import Meter

ORDERS = 500
WARM_UP = 50
P50_MOST_MS, P99_MOST_MS = 6.0, 20.0
# The engine is idle for so long before each, by chance: so that they meet its own waits at any moment.
PAUSE_MOST_SECONDS = 0.03
ORDER_SECONDS = 10.0


@define
class Ear:
    """What the channel tells of the one order that is under way: when it was begun, and that it is confirmed."""

    begun_at: int = 0
    confirmed: asyncio.Event = field(factory=asyncio.Event)

    def expect(self) -> None:
        """Forget the order before."""
        self.begun_at = 0
        self.confirmed.clear()

    def hear(self, channel: bytes, text: bytes) -> None:
        """Take a message; times are the monotonic clock's, in ns."""
        if not self.begun_at and b'"status":"routing"' in text:
            self.begun_at = time.monotonic_ns()
        elif b'"status":"confirmed"' in text:
            self.confirmed.set()


@frozen
class Hands:
    """What the measuring is done with."""

    rig: Rig
    wire: RedisWire
    http: HttpConnection
    ear: Ear


async def run(options: Options) -> Report:
    """Measure orders one after the other, each beside a PING over the connection that listens, and a commit."""
    async with Rig() as rig:
        await rig.make_ready()
        await rig.sql("CREATE TABLE reference_commits (at TIMESTAMP)")
        async with rig.process("api") as api, rig.process("worker", **NO_DELAYS):
            ear = Ear()
            wire = await RedisWire.connected(rig.redis_url, ear.hear)
            await wire.ask("PSUBSCRIBE", "updates:*")
            hands = Hands(rig, wire, await HttpConnection.connected(api.url), ear)
            await _round(hands, WARM_UP)
            rounds, metered = [], []
            for _ in range(options.rounds):
                with rig.meter() as meter:
                    rounds.append(await _round(hands, options.many(ORDERS)))
                metered.append((meter, options.many(ORDERS)))
            hands.http.close()
            wire.close()
    return _report(rounds, metered)


async def _round(hands: Hands, count: int) -> dict[str, Any]:
    """Run so many orders; return what pick-ups, PINGs and commits took."""
    chance = random.Random(count)  # noqa: S311 - no secret
    requests = cycle(prepared_requests(hands.http.host, USERS))
    pick_ups, pings, commits = array("Q"), array("Q"), array("Q")
    for _ in range(count):
        await asyncio.sleep(chance.uniform(0, PAUSE_MOST_SECONDS))
        since = time.monotonic_ns()
        await hands.wire.ask("PING")
        pings.append(time.monotonic_ns() - since)
        await asyncio.sleep(chance.uniform(0, PAUSE_MOST_SECONDS))
        since = time.monotonic_ns()
        await hands.rig.sql("INSERT INTO reference_commits VALUES (now())")
        commits.append(time.monotonic_ns() - since)
        await asyncio.sleep(chance.uniform(0, PAUSE_MOST_SECONDS))
        pick_ups.append(await _pick_up(hands, next(requests)))
    return {"pick_up": summary_ms(pick_ups), "ping": summary_ms(pings), "commit": summary_ms(commits)}


async def _pick_up(hands: Hands, request: bytes) -> int:
    """Post an order and see it confirmed; return how long after it was sent its first `routing` came, in ns."""
    hands.ear.expect()
    since = time.monotonic_ns()
    hands.http.send(request)
    async with asyncio.timeout(ORDER_SECONDS):
        await hands.http.answer(202)
        await hands.ear.confirmed.wait()
    return hands.ear.begun_at - since


def _report(rounds: list[dict[str, Any]], metered: list[tuple[Meter, int]]) -> Report:
    report = Report("pick_up", "POST sent -> first routing message on the Redis channel, idle engine")
    for what, most in (("p50_ms", P50_MOST_MS), ("p99_ms", P99_MOST_MS)):
        pick_ups, pings, commits = ([found[kind][what] for found in rounds] for kind in ("pick_up", "ping", "commit"))
        name = what.removesuffix("_ms")
        report.figures += [
            within(f"pick-up, {name}", "ms", pick_ups, f"Redis PING, {name}", pings, most),
            Figure.beside(f"pick-up, {name}", "ms", pick_ups, f"one-row commit, {name}", commits),
        ]
    report.usages.append(Usage.of("one order at a time", metered))
    report.notes.append("two commits are part of each pick-up: the order's, and its first step's")
    report.rounds.extend(rounds)
    return report
