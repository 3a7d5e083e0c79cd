"""How fast one worker executes a full queue: 100,000 orders, mock delays 0, from the first lease to the last commit."""

import time

from attrs import frozen

from benchmarks.backlog import done, queued_orders
from benchmarks.finished import check_all_confirmed, last_finish
from benchmarks.no_delays import NO_DELAYS
from benchmarks.options import Options
from benchmarks.references import Inserts, pgbench
from benchmarks.report import Figure, Report, Usage
from benchmarks.rig import Rig
from benchmarks.usage import Meter

ORDERS = 100_000
WARM_UP = 5_000
LIMIT_SECONDS = 600.0


@frozen
class Round:
    """One drained queue, and the reference beside it."""

    per_second: float
    meter: Meter
    inserts: Inserts


async def run(options: Options) -> Report:
    """Drain a full queue in each round, each with a fresh worker on empty tables."""
    orders = options.many(ORDERS)
    async with Rig() as rig:
        await rig.make_ready()
        rounds = [await _round(rig, orders, options) for _ in range(options.rounds)]
    rates = [r.per_second for r in rounds]
    references = [r.inserts.per_second for r in rounds]
    report = Report("drain", f"{orders:,} queued orders, mock delays 0, 1 worker process")
    report.figures = [
        Figure.beside("finished", "orders/s", rates, rounds[0].inserts.tool, references, at_least=0.3, reach=0.4)
    ]
    report.usages = [Usage.of("drain", [(r.meter, orders) for r in rounds])]
    report.rounds = [{"orders_per_second": r.per_second, "inserts_per_second": r.inserts.per_second} for r in rounds]
    return report


async def _round(rig: Rig, orders: int, options: Options) -> Round:
    inserts = await pgbench(rig, options)
    await rig.reset()
    async with rig.process("worker", **NO_DELAYS):
        async with queued_orders(rig, options.many(WARM_UP)):
            await done(rig, LIMIT_SECONDS)
        await rig.reset()
        async with queued_orders(rig, orders):
            since = time.time()
            with rig.meter() as meter:
                await done(rig, LIMIT_SECONDS)
            seconds = await last_finish(rig) - since
        await check_all_confirmed(rig, orders)
    return Round(orders / seconds, meter, inserts)
