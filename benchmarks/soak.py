"""Whether the engine stays as it is: minutes at half of its capacity, 1 API and 1 worker, beside its own first minute.

How long orders took is looked up in the table at the end, so that nothing but the load disturbs the engine meanwhile.
"""

import asyncio
import statistics
import time
from collections.abc import Sequence

from attrs import asdict, frozen

from benchmarks.backlog import all_final, backlog, kept_below
from benchmarks.end_to_end import IN_THE_ENGINE
from benchmarks.finished import Finished, check_all_confirmed, finished_between
from benchmarks.load import LoadResult, load, started_load
from benchmarks.no_delays import NO_DELAYS
from benchmarks.options import Options
from benchmarks.report import Figure, Report, Usage
from benchmarks.rig import Rig
from benchmarks.usage import Meter

SHARE_OF_CAPACITY = 0.5
QUICK_SHARE_OF_CAPACITY = 0.3
MINUTE_SECONDS = 60.0
QUICK_MINUTE_SECONDS = 6.0
DONE_SECONDS = 60.0
RATIO_MOST = 1.15
FLAT = 1.05
PARTS = ("api", "worker", "postgres", "redis")
_SAMPLE_SECONDS = 0.5
_MIB = 1 << 20


@frozen
class Minute:
    """One minute of load; `redis_bytes` is the median of what Redis said it uses, `waiting` the orders at its end."""

    since: float
    until: float
    load: LoadResult
    meter: Meter
    redis_bytes: float
    waiting: int


@frozen
class Soaked:
    """All minutes, and what the table says of each."""

    rate: float
    minutes: Sequence[Minute]
    finished: Sequence[Finished]


async def run(options: Options) -> Report:
    """Find the capacity, load the engine with half of it, minute by minute."""
    async with Rig() as rig:
        await rig.make_ready()
        async with rig.process("api") as api, rig.process("worker", **NO_DELAYS):
            rate = QUICK_SHARE_OF_CAPACITY if options.quick else SHARE_OF_CAPACITY
            rate *= await _capacity(rig, api.url, options)
            seconds = QUICK_MINUTE_SECONDS if options.quick else MINUTE_SECONDS
            minutes = [await _minute(rig, api.url, rate, seconds) for _ in range(options.minutes)]
            await all_final(rig, DONE_SECONDS)
        await check_all_confirmed(rig, sum(minute.load.requests for minute in minutes))
        finished = [await finished_between(rig, minute.since, minute.until) for minute in minutes]
    return _report(Soaked(rate, minutes, finished))


async def _capacity(rig: Rig, url: str, options: Options) -> float:
    """Return how many orders a second are finished while there are always some to do."""
    seconds = options.warm_up_seconds + options.seconds + 1
    async with started_load(url, seconds=seconds) as running, kept_below(rig, IN_THE_ENGINE, running.pid):
        await asyncio.sleep(options.warm_up_seconds)
        since = time.time()
        await asyncio.sleep(options.seconds)
        until = time.time()
        await running.result()
    await all_final(rig, DONE_SECONDS)
    return (await finished_between(rig, since, until)).per_second


async def _minute(rig: Rig, url: str, rate: float, seconds: float) -> Minute:
    samples: list[float] = []
    since = time.time()
    with rig.meter() as meter:
        async with asyncio.TaskGroup() as group:
            sampling = group.create_task(_sample(rig, samples))
            loaded = await load(url, seconds=seconds, rate=rate)
            sampling.cancel()
    return Minute(since, time.time(), loaded, meter, statistics.median(samples), await backlog(rig))


async def _sample(rig: Rig, samples: list[float]) -> None:
    while True:
        samples.append((await rig.redis.info("memory"))["used_memory"])
        await asyncio.sleep(_SAMPLE_SECONDS)


def _report(soaked: Soaked) -> Report:
    report = Report("soak", f"{len(soaked.minutes)} minutes at {soaked.rate:,.0f} orders/s, 1 API and 1 worker")
    finished, minutes = soaked.finished, soaked.minutes
    report.figures = [
        _late("accepted -> confirmed, p99", "ms", [of_one.p99_ms for of_one in finished], RATIO_MOST),
        _late("POST due -> answered, p99", "ms", [minute.load.p99_ms for minute in minutes]),
        *(
            _late(f"memory of {part}", "MiB", [minute.meter.rss_bytes[part] / _MIB for minute in minutes], RATIO_MOST)
            for part in PARTS
        ),
        _late("Redis's own count of its memory", "MiB", [minute.redis_bytes / _MIB for minute in minutes], FLAT),
        Figure.alone("not accepted", "orders", [sum(minute.load.not_accepted for minute in minutes)], at_most=0),
        Figure.alone("finished", "orders/s", [of_one.per_second for of_one in finished]),
    ]
    report.usages.append(Usage.of("soak", [(m.meter, f.orders) for m, f in zip(minutes, finished, strict=True)]))
    for number, (minute, of_one) in enumerate(zip(minutes, finished, strict=True), 1):
        report.notes.append(f"minute {number}: {_told(minute, of_one)}")
        told = {"since": minute.since, "until": minute.until, "rss_bytes": minute.meter.rss_bytes}
        report.rounds.append({**told, "load": asdict(minute.load), "finished": asdict(of_one)})
    return report


def _late(name: str, unit: str, values: Sequence[float], most: float | None = None) -> Figure:
    """Put the second half of the minutes beside the first minute."""
    late = values[len(values) // 2 :]
    return Figure.beside(name, unit, late, "first minute", [values[0]] * len(late), at_most=most)


def _told(minute: Minute, finished: Finished) -> str:
    memory = ", ".join(f"{part} {minute.meter.rss_bytes[part] / _MIB:.0f}" for part in PARTS)
    return (
        f"{finished.per_second:,.0f} finished/s, p50 {finished.p50_ms:.1f} ms, p99 {finished.p99_ms:.1f} ms, "
        f"answers p99 {minute.load.p99_ms:.1f} ms; MiB: {memory}, Redis's count {minute.redis_bytes / _MIB:.2f}; "
        f"{minute.waiting} orders wait at its end"
    )
