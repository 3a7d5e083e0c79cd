"""Whether the engine gets slower as its tables grow: accept, end to end, list and get beside millions of orders.

Each size has a rig of its own, with buffers as docs/production.md asks for, all filled before the first round, so that
in each round all sizes are measured one after the other. The empty table is the reference.
"""

from contextlib import AsyncExitStack

from benchmarks.grown import Window, measured
from benchmarks.options import Options
from benchmarks.parts.figures import within
from benchmarks.parts.filling import fill
from benchmarks.parts.table_facts import sizes
from benchmarks.report import Figure, Report, Usage
from benchmarks.rig import Rig

SIZES = (0, 1_000_000, 5_000_000)
QUICK_SIZES = (0, 100_000)
# A quarter of a small server's memory: the index of random order ids, which every order touches, stays in it.
POSTGRES = {"shared_buffers": "1GB"}
AT_LEAST = 0.85
READ_MOST_MS = 5.0


async def run(options: Options) -> Report:
    """Fill, then measure every size in each round."""
    async with AsyncExitStack() as stack:
        rigs: dict[int, Rig] = {}
        for size in QUICK_SIZES if options.quick else SIZES:
            rigs[size] = await stack.enter_async_context(Rig(POSTGRES))
            await rigs[size].make_ready()
            await fill(rigs[size], size)
        notes = [await sizes(rig) for size, rig in rigs.items() if size]
        windows: dict[int, list[Window]] = {size: [] for size in rigs}
        for number in range(options.rounds):
            turns = list(rigs)
            for size in turns[number % len(turns) :] + turns[: number % len(turns)]:
                windows[size].append(await measured(rigs[size], size, options))
        notes.append(f"grown by the engine: {await sizes(rigs[0])}")
    return _report(windows, notes)


def _report(windows: dict[int, list[Window]], notes: list[str]) -> Report:
    report = Report("growth", "the same load beside more and more finished orders, 1 API and 1 worker")
    for size in windows:
        if size:
            report.figures.extend(_figures(size, windows[size], windows[0]))
    for size, of_one in windows.items():
        report.usages.append(Usage.of(f"end to end, {size:,}", [(w.meter, w.finished.orders) for w in of_one]))
        report.notes.extend(_written(size, window) for window in of_one)
    report.notes.extend(notes)
    report.rounds.extend(
        {f"{size}": of_one[number].numbers() for size, of_one in windows.items()} for number in range(len(windows[0]))
    )
    return report


def _figures(size: int, grown: list[Window], empty: list[Window]) -> list[Figure]:
    def rates(name: str, values: list[float], references: list[float]) -> Figure:
        return Figure.beside(name, "orders/s", values, "empty", references, at_least=AT_LEAST)

    def reads(name: str, values: list[float], references: list[float]) -> Figure:
        return within(name, "ms", values, "empty", references, READ_MOST_MS)

    at = f"{size:,} orders"
    return [
        rates(f"accepted, {at}", [w.accepted.per_second for w in grown], [w.accepted.per_second for w in empty]),
        rates(f"finished, {at}", [w.finished.per_second for w in grown], [w.finished.per_second for w in empty]),
        reads(f"get by id, p99, {at}", [w.get["p99_ms"] for w in grown], [w.get["p99_ms"] for w in empty]),
        reads(f"list by user, p99, {at}", [w.listed["p99_ms"] for w in grown], [w.listed["p99_ms"] for w in empty]),
    ]


def _written(size: int, window: Window) -> str:
    written, orders = window.written, window.orders
    return (
        f"{size:,}: {written.wal_bytes / orders:,.0f} bytes of WAL an order, with {written.page_images / orders:.2f} "
        f"images of whole pages; {written.hot_share:.0%} of the updates HOT"
    )
