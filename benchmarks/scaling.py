"""What more processes add: 1, 2 and 4 workers on a full queue, and an API of 1, 2 and 4 processes under load.

Servers, load and processes share this machine's cores: with no more cores than processes this shows the overhead of
sharing the work, not what more machines give.
"""

import os
import time
from contextlib import AsyncExitStack
from statistics import median

from attrs import frozen

from benchmarks.backlog import done, queued_orders
from benchmarks.finished import check_all_confirmed, last_finish
from benchmarks.load import load
from benchmarks.no_delays import NO_DELAYS
from benchmarks.options import Options
from benchmarks.report import Figure, Report, Usage
from benchmarks.rig import Rig
from benchmarks.usage import Meter

PROCESSES = (1, 2, 4)
ORDERS, WARM_UP = 30_000, 3_000
LIMIT_SECONDS = 300.0


@frozen
class Window:
    """Orders that so many processes finished, or accepted."""

    per_second: float
    orders: int
    meter: Meter


async def run(options: Options) -> Report:
    """Measure each number of processes in each round, on empty tables."""
    drained: dict[int, list[Window]] = {many: [] for many in PROCESSES}
    accepted: dict[int, list[Window]] = {many: [] for many in PROCESSES}
    async with Rig() as rig:
        await rig.make_ready()
        for _ in range(options.rounds):
            for many in PROCESSES:
                drained[many].append(await _drained(rig, many, options))
                accepted[many].append(await _accepted(rig, many, options))
    report = Report("scaling", f"1, 2 and 4 processes on {os.cpu_count()} cores, servers and load included")
    for what, windows in (("finished by workers", drained), ("accepted by API processes", accepted)):
        rates = {many: [window.per_second for window in of_one] for many, of_one in windows.items()}
        report.figures += [
            Figure.beside(f"{what}: {many}", "orders/s", rates[many], "by 1", rates[1]) for many in PROCESSES
        ]
        report.usages += [
            Usage.of(f"{what.split()[0]}, {many}", [(w.meter, w.orders) for w in windows[many]]) for many in PROCESSES
        ]
    report.rounds = [{str(many): median(w.per_second for w in of_one) for many, of_one in drained.items()}]
    return report


async def _drained(rig: Rig, workers: int, options: Options) -> Window:
    orders = options.many(ORDERS)
    await rig.reset()
    async with AsyncExitStack() as stack:
        for number in range(workers):
            await stack.enter_async_context(rig.process("worker", name=f"worker-{number}", **NO_DELAYS))
        async with queued_orders(rig, options.many(WARM_UP)):
            await done(rig, LIMIT_SECONDS)
        await rig.reset()
        async with queued_orders(rig, orders):
            since = time.time()
            with rig.meter() as meter:
                await done(rig, LIMIT_SECONDS)
            seconds = await last_finish(rig) - since
        await check_all_confirmed(rig, orders)
    return Window(orders / seconds, orders, meter)


async def _accepted(rig: Rig, processes: int, options: Options) -> Window:
    await rig.reset()
    async with rig.process("api", arguments=("--processes", str(processes))) as api:
        await load(api.url, seconds=options.warm_up_seconds)
        with rig.meter() as meter:
            measured = await load(api.url, seconds=options.seconds)
    assert not measured.not_accepted, f"{measured.not_accepted} orders were not accepted"
    return Window(measured.per_second, measured.requests, meter)
