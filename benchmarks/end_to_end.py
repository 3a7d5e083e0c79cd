"""How many orders a second are accepted and finished at once, by one API and one worker, mock delays 0.

The load is halted whenever more than `IN_THE_ENGINE` orders are accepted and not finished, so what is counted is a
state that could go on for ever. A shorter run afterwards, not timed, counts every frame on the channel.
"""

import asyncio
import time

from attrs import frozen

from benchmarks.backlog import backlog, done, kept_below
from benchmarks.channel import listening
from benchmarks.finished import Finished, check_all_confirmed, finished_between
from benchmarks.load import started_load
from benchmarks.no_delays import NO_DELAYS
from benchmarks.options import Options
from benchmarks.process import EngineProcess
from benchmarks.references import Inserts, pgbench
from benchmarks.report import Figure, Report, Usage
from benchmarks.rig import Rig
from benchmarks.usage import Meter

IN_THE_ENGINE = 1000
CHANNEL_SECONDS = 3.0
DONE_SECONDS = 60.0
# A quarter of what the original on Node took, all its processes together.
_CPU_MS_MOST = 0.575


@frozen
class Round:
    """One window of steady work, the reference beside it, and the frames of the run that followed."""

    finished: Finished
    not_accepted: int
    grown: int
    meter: Meter
    inserts: Inserts
    frames: int
    frames_missing: int

    @property
    def usage(self) -> Usage:
        """What each part used for the finished orders."""
        return Usage.of("end to end", [(self.meter, self.finished.orders)])


async def run(options: Options) -> Report:
    """Measure a steady state in each round, with fresh processes on empty tables."""
    async with Rig() as rig:
        await rig.make_ready()
        rounds = [await _round(rig, options) for _ in range(options.rounds)]
    report = Report("end_to_end", "accept and finish at once, mock delays 0, 1 API and 1 worker process")
    rates, references = [r.finished.per_second for r in rounds], [r.inserts.per_second for r in rounds]
    report.figures = [
        Figure.beside("finished", "orders/s", rates, rounds[0].inserts.tool, references, at_least=0.2, reach=0.3),
        Figure.alone(
            "CPU per order, all processes", "ms", [r.usage.engine_cpu_seconds for r in rounds], at_most=_CPU_MS_MOST
        ),
        Figure.alone("p50, accepted to final", "ms", [r.finished.p50_ms for r in rounds]),
        Figure.alone("p99, accepted to final", "ms", [r.finished.p99_ms for r in rounds]),
        Figure.alone("not accepted", "orders", [r.not_accepted for r in rounds], at_most=0),
        Figure.alone("growth of the backlog in a window", "orders", [r.grown for r in rounds]),
        Figure.alone("frames missing on the channel", "frames", [sum(r.frames_missing for r in rounds)], at_most=0),
    ]
    report.usages = [Usage.of("end to end", [(r.meter, r.finished.orders) for r in rounds])]
    report.notes = [f"{sum(r.frames for r in rounds):,} frames came on the channel, in runs of {CHANNEL_SECONDS:g} s"]
    report.rounds = [
        {
            "orders_per_second": r.finished.per_second,
            "inserts_per_second": r.inserts.per_second,
            "cpu_ms": r.usage.engine_cpu_seconds,
        }
        for r in rounds
    ]
    return report


async def _round(rig: Rig, options: Options) -> Round:
    inserts = await pgbench(rig, options)
    await rig.reset()
    async with rig.process("api") as api, rig.process("worker", **NO_DELAYS):
        seconds = options.warm_up_seconds + options.seconds
        async with started_load(api.url, seconds=seconds + 1) as load, kept_below(rig, IN_THE_ENGINE, load.pid):
            await asyncio.sleep(options.warm_up_seconds)
            since, before = time.time(), await backlog(rig)
            with rig.meter() as meter:
                await asyncio.sleep(options.seconds)
            until, after = time.time(), await backlog(rig)
            loaded = await load.result()
        finished = await finished_between(rig, since, until)
        await done(rig, DONE_SECONDS)
        await check_all_confirmed(rig, loaded.requests)
        frames, missing = await _frames(rig, api)
    return Round(finished, loaded.not_accepted, after - before, meter, inserts, frames, missing)


async def _frames(rig: Rig, api: EngineProcess) -> tuple[int, int]:
    """Load the idle engine once more, with a listener on the channel; return how many frames came, and did not."""
    await rig.reset()
    async with listening(rig) as channel:
        async with started_load(api.url, seconds=CHANNEL_SECONDS) as load, kept_below(rig, IN_THE_ENGINE, load.pid):
            await load.result()
        await done(rig, DONE_SECONDS)
        await asyncio.sleep(0.5)  # the last frames are sent soon after their commit
        return channel.frames, await channel.missing(rig)
