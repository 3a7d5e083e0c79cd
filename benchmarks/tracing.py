"""What it costs to trace one order in ten: orders accepted and finished at once, beside the same without.

What counts is the CPU of API, worker and servers for an order: the collector shares the machine, and is not theirs.
"""

import asyncio
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from attrs import frozen

from benchmarks.backlog import done, kept_below
from benchmarks.finished import Finished, finished_between
from benchmarks.load import started_load
from benchmarks.no_delays import NO_DELAYS
from benchmarks.options import Options
from benchmarks.report import Figure, Report, Usage
from benchmarks.rig import Rig
from benchmarks.usage import Meter
from tests.collector import collecting

IN_THE_ENGINE = 1000
DONE_SECONDS = 60.0
_SHARE = 0.1
_WITHOUT, _WITH = "not traced", "a tenth traced"


@frozen
class Window:
    """One API and one worker under load."""

    finished: Finished
    meter: Meter
    batches: int

    @property
    def cpu_ms(self) -> float:
        """The engine's CPU for an order."""
        return Usage.of("", [(self.meter, self.finished.orders)]).engine_cpu_seconds


async def run(options: Options) -> Report:
    """Measure both in each round, in turns, each in fresh processes on empty tables."""
    windows: dict[str, list[Window]] = {_WITHOUT: [], _WITH: []}
    async with Rig() as rig:
        await rig.make_ready()
        for number in range(options.rounds):
            for name in windows if number % 2 == 0 else reversed(windows):
                windows[name].append(await _window(rig, options, traced=name == _WITH))
    cpu = {name: [window.cpu_ms for window in of_one] for name, of_one in windows.items()}
    rates = {name: [window.finished.per_second for window in of_one] for name, of_one in windows.items()}
    report = Report("tracing", "accept and finish at once with one order in ten traced, 1 API and 1 worker process")
    report.figures = [
        Figure.beside("CPU per order", "ms", cpu[_WITH], _WITHOUT, cpu[_WITHOUT], at_most=1.03),
        Figure.beside("finished", "orders/s", rates[_WITH], _WITHOUT, rates[_WITHOUT]),
        Figure.alone("batches", "of spans", [window.batches for window in windows[_WITH]], at_least=1),
    ]
    report.usages = [
        Usage.of(name, [(window.meter, window.finished.orders) for window in of_one])
        for name, of_one in windows.items()
    ]
    report.rounds = [{name: cpu[name][number] for name in cpu} for number in range(options.rounds)]
    return report


async def _window(rig: Rig, options: Options, *, traced: bool) -> Window:
    await rig.reset()
    with collecting(keeps=False) as collector:
        variables = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
            "OTEL_TRACES_SAMPLER_ARG": str(_SHARE),
        }
        with _environment(variables if traced else {}):
            async with rig.process("api") as api, rig.process("worker", **NO_DELAYS):
                seconds = options.warm_up_seconds + options.seconds
                async with started_load(api.url, seconds=seconds + 1) as load, kept_below(rig, IN_THE_ENGINE, load.pid):
                    await asyncio.sleep(options.warm_up_seconds)
                    since = time.time()
                    with rig.meter() as meter:
                        await asyncio.sleep(options.seconds)
                    until = time.time()
                    await load.result()
                finished = await finished_between(rig, since, until)
                await done(rig, DONE_SECONDS)
        return Window(finished, meter, collector.asked)


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    os.environ.update(variables)
    try:
        yield
    finally:
        for name in variables:
            del os.environ[name]
