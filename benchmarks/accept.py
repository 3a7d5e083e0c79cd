"""How many orders a second one API accepts over 64 connections, durable and queued; no worker runs meanwhile.

Beside it, in each round: the same app with everything in memory, which is what HTTP, validation and Python cost; and a
variant that inserts row by row and queues each order before its answer, which is what working in groups is worth.
"""

from collections.abc import Sequence

from attrs import asdict, frozen

from benchmarks.load import LoadResult, load
from benchmarks.options import Options
from benchmarks.report import Figure, Report, Usage
from benchmarks.rig import Rig
from benchmarks.usage import Meter

_VARIANTS = {
    "in memory": "benchmarks.variants.memory_api",
    "engine": None,
    "row by row": "benchmarks.variants.row_by_row_api",
}


@frozen
class Window:
    """One process under load."""

    load: LoadResult
    meter: Meter


async def run(options: Options) -> Report:
    """Measure all three in each round, each in a fresh process on empty tables."""
    windows: dict[str, list[Window]] = {name: [] for name in _VARIANTS}
    async with Rig() as rig:
        await rig.make_ready()
        for _ in range(options.rounds):
            for name, module in _VARIANTS.items():
                windows[name].append(await _window(rig, module, options))
    return _report(windows)


async def _window(rig: Rig, module: str | None, options: Options) -> Window:
    await rig.reset()
    async with rig.process("api", module=module) as api:
        warm_up = await load(api.url, seconds=options.warm_up_seconds)
        with rig.meter() as meter:
            measured = await load(api.url, seconds=options.seconds)
    if module is None:
        await _check(rig, warm_up.requests + measured.requests)
    return Window(measured, meter)


async def _check(rig: Rig, answered: int) -> None:
    """Every answered order is in the table and, since nobody took it, in the queue."""
    [(stored,)] = await rig.sql("SELECT count(*) FROM orders")
    queued = await rig.redis.xlen("order-execution")
    assert stored >= answered, f"{answered} orders were answered and only {stored} are stored"
    assert queued >= answered, f"{answered} orders were answered and only {queued} are queued"


def _report(windows: dict[str, list[Window]]) -> Report:
    engine, memory, rows = (_rates(windows[name]) for name in ("engine", "in memory", "row by row"))
    report = Report("accept", "orders accepted, 64 connections, 1 API process")
    report.figures = [
        Figure.beside("accepted, beside memory", "orders/s", engine, "in memory", memory, at_least=0.4, reach=0.5),
        Figure.beside("accepted, beside row by row", "orders/s", engine, "row by row", rows, at_least=3),
        Figure.alone("p50", "ms", [window.load.p50_ms for window in windows["engine"]]),
        Figure.alone("p99", "ms", [window.load.p99_ms for window in windows["engine"]], at_most=20),
        Figure.alone("p99 in memory", "ms", [window.load.p99_ms for window in windows["in memory"]]),
        Figure.alone("not accepted", "orders", [window.load.not_accepted for window in windows["engine"]], at_most=0),
    ]
    report.usages = [
        Usage.of(name, [(window.meter, window.load.requests) for window in of_one]) for name, of_one in windows.items()
    ]
    report.notes = [f"load: {windows['engine'][0].load.tool}"]
    report.rounds = [
        {name: asdict(of_one[number].load) for name, of_one in windows.items()} for number in range(len(engine))
    ]
    return report


def _rates(windows: Sequence[Window]) -> list[float]:
    return [window.load.per_second for window in windows]
