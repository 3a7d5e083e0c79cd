"""How full one worker keeps its 4,000 places when orders take their 3.2 s: finished orders beside the ideal.

The ideal is concurrency / mean time of an order: quotes, build and swap as the mock venues take them, nothing between.
No swap fails here: each failure would need another 3.2 s that the ideal does not know.
"""

import asyncio
import time

from attrs import frozen

from benchmarks.backlog import backlog, queued_orders
from benchmarks.finished import Finished, finished_between
from benchmarks.options import Options
from benchmarks.report import Figure, Report, Usage
from benchmarks.rig import Rig
from benchmarks.usage import Meter
from entrypoints.settings import Settings

CONCURRENCY = 4000
_WARM_UP_TURNS, _TURNS, _TURNS_QUICK = 3, 6, 2  # of so many mean order times each


@frozen
class Round:
    """What was finished in one window."""

    finished: Finished
    meter: Meter


async def run(options: Options) -> Report:
    """Measure a steady state in each round, with a fresh worker on empty tables."""
    ideal = CONCURRENCY / _mean_seconds()
    async with Rig() as rig:
        await rig.make_ready()
        rounds = [await _round(rig, _TURNS_QUICK if options.quick else _TURNS) for _ in range(options.rounds)]
    rates = [r.finished.per_second for r in rounds]
    cpu = [r.meter.cpu_seconds_per_1000(r.finished.orders)["worker"] for r in rounds]
    report = Report("real_delays", f"mock delays as they are, {CONCURRENCY:,} orders at once, 1 worker process")
    report.figures = [
        Figure.beside("finished", "orders/s", rates, "ideal", [ideal] * len(rates), at_least=0.9),
        Figure.alone("worker's CPU per 1,000 orders", "s", cpu, at_most=0.35),
    ]
    report.usages = [Usage.of("real delays", [(r.meter, r.finished.orders) for r in rounds])]
    report.notes = [f"ideal: {CONCURRENCY:,} / {_mean_seconds():g} s an order"]
    report.rounds = [{"orders_per_second": r.finished.per_second, "orders": r.finished.orders} for r in rounds]
    return report


async def _round(rig: Rig, turns: int) -> Round:
    turn = _mean_seconds()
    await rig.reset()
    enough = CONCURRENCY * (_WARM_UP_TURNS + turns + 2)
    async with (
        rig.process("worker", WORKER_CONCURRENCY=CONCURRENCY, MOCK_FAILURE_RATE=0),
        queued_orders(rig, enough),
    ):
        await asyncio.sleep(turn * _WARM_UP_TURNS)
        since = time.time()
        with rig.meter() as meter:
            await asyncio.sleep(turn * turns)
        until = time.time()
        assert await backlog(rig) > CONCURRENCY, "the queue ran empty"
        return Round(await finished_between(rig, since, until), meter)


def _mean_seconds() -> float:
    """Return how long an order takes on average: both quotes at once, then the build, then the swap."""
    settings = Settings()
    swap_ms = (settings.mock_swap_min_ms + settings.mock_swap_max_ms) / 2
    return (settings.mock_quote_ms + settings.mock_build_ms + swap_ms) / 1000
