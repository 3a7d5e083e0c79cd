"""Live frames: 1,000 sockets on 1,000 orders in one API process, beside a bare subscriber of the same messages."""

import statistics
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from attrs import frozen

from benchmarks.options import Options
from benchmarks.parts.figures import everything, within
from benchmarks.parts.helper import Helper, helper
from benchmarks.parts.open_orders import open_orders
from benchmarks.process import EngineProcess
from benchmarks.report import Figure, Report, Usage
from benchmarks.rig import Rig
from benchmarks.usage import Meter, Parts
from tests.clients import socket_url

SOCKETS = 1000
RATES = (5_000, 10_000)
P99_MOST_MS = 10.0
ARRIVAL_SECONDS = 5.0


class NotConnected(Exception):
    """Not all sockets were opened and greeted."""


@frozen
class Cast:
    """Who takes part besides the servers."""

    rig: Rig
    api: EngineProcess
    publisher: Helper
    clients: Helper
    bare: Helper

    def meter(self) -> Meter:
        """Return a meter that tells the three helpers from each other."""
        return Meter(self._parts)

    def _parts(self) -> Parts:
        servers = {"postgres": self.rig.postgres.pid, "redis": self.rig.redis_server.pid}
        helpers = {"publisher": self.publisher.pid, "clients": self.clients.pid, "bare subscriber": self.bare.pid}
        pids = {"api": self.api.pid, **servers, **helpers}
        return {name: [pid] for name, pid in pids.items() if pid}


async def run(options: Options) -> Report:
    """Publish at each rate in each round, and compare what sockets and bare subscriber got."""
    async with Rig() as rig, _cast(rig) as cast:
        await _publish(cast, RATES[0], options.warm_up_seconds)
        rounds: list[dict[str, Any]] = []
        metered: dict[int, list[tuple[Meter, int]]] = {rate: [] for rate in RATES}
        for _ in range(options.rounds):
            for rate in RATES:
                with rig.meter() as usage, cast.meter() as meter:
                    found = await _publish(cast, rate, options.seconds)
                rounds.append({"rate": rate, **found, "cpu_seconds": meter.cpu_seconds, "seconds": meter.seconds})
                metered[rate].append((usage, found["published"]["sent"]))
    report = Report("fan_out", f"{SOCKETS:,} sockets on {SOCKETS:,} orders in one API process", counted="frames")
    for rate in RATES:
        report.figures.extend(_figures(rate, [found for found in rounds if found["rate"] == rate]))
        report.usages.append(Usage.of(f"{rate:,}/s", metered[rate]))
    report.notes.extend(_notes(rounds))
    report.rounds.extend(rounds)
    return report


@asynccontextmanager
async def _cast(rig: Rig) -> AsyncIterator[Cast]:
    """Start all that take part, with every socket open, subscribed and told the order's birth."""
    await rig.make_ready()
    order_ids = await open_orders(rig.postgres_url, SOCKETS)
    async with (
        rig.process("api", LOG_LEVEL="warning") as api,
        helper("frame_publisher") as publisher,
        helper("socket_clients") as clients,
        helper("bare_subscriber") as bare,
    ):
        await publisher.ask("prepare", redis_url=rig.redis_url, order_ids=order_ids)
        await bare.ask("listen", redis_url=rig.redis_url)
        await clients.ask("connect", urls=[socket_url(api.url, order_id) for order_id in order_ids])
        if not await clients.counted("births", SOCKETS, within=ARRIVAL_SECONDS):
            raise NotConnected(await clients.ask("state"))
        yield Cast(rig, api, publisher, clients, bare)


async def _publish(cast: Cast, rate: int, seconds: float) -> dict[str, Any]:
    """Publish for so long; return what was sent and what came."""
    published = await cast.publisher.ask("publish", rate=rate, seconds=seconds, within=3 * seconds + 30)
    for receiver in (cast.clients, cast.bare):
        await receiver.counted("count", published["sent"], within=ARRIVAL_SECONDS)  # what is missing then is lost
    sockets, bare = await cast.clients.ask("report"), await cast.bare.ask("report")
    return {"published": published, "sockets": sockets, "bare": bare, "state": await cast.clients.ask("state")}


def _figures(rate: int, rounds: list[dict[str, Any]]) -> list[Figure]:
    sockets, bare = [found["sockets"] for found in rounds], [found["bare"] for found in rounds]
    in_turn = [told["count"] - told["out_of_order"] for told in sockets]
    at = f"at {rate:,} frames/s"
    return [
        everything(f"delivered in their turn {at}", "frames", in_turn, "bare", [told["count"] for told in bare]),
        within(
            f"published -> received, p99, {at}",
            "ms",
            [told["p99_ms"] for told in sockets],
            "bare p99",
            [told["p99_ms"] for told in bare],
            P99_MOST_MS,
        ),
    ]


def _notes(rounds: list[dict[str, Any]]) -> list[str]:
    """Say for each rate whether it was kept, and how many cores each part used: the fullest is what limits."""
    notes = []
    for rate in RATES:
        ours = [found for found in rounds if found["rate"] == rate]
        reached = min(found["published"]["sent"] / found["published"]["seconds"] for found in ours)
        dropped = sum(found["published"]["dropped"] for found in ours)
        most = max(found["sockets"]["most_ms"] for found in ours)
        cores = [{part: used / found["seconds"] for part, used in found["cpu_seconds"].items()} for found in ours]
        used = {part: statistics.median(of_one[part] for of_one in cores) for part in cores[0]}
        notes.append(
            f"{rate:,}/s: published at {reached:,.0f}/s or more, {dropped} dropped by the publisher; slowest frame "
            f"{most:.1f} ms; cores: {', '.join(f'{part} {share:.2f}' for part, share in used.items())}"
        )
    return notes
