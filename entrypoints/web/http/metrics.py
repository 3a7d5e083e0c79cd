"""`/metrics`: what the processes counted and how much there is to do, for Prometheus; and the count of answers."""

import asyncio
import platform
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from importlib.metadata import version
from itertools import accumulate
from math import inf
from types import MappingProxyType

from attrs import frozen
from falcon.asgi import Response
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, ProcessCollector, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from application.caller import ANYONE
from application.engine_stats import EngineSnapshot, EngineStats, Stats
from application.observe.meters import Kind, Labels, Meters
from application.observe.metrics import METERS, PREFIX
from application.ports.errors import StoreUnavailable
from application.ports.queue_operations import JobPlace
from entrypoints.web import observe
from entrypoints.web.request import Request

# Prometheus gives up after 10 s by default; a server that hangs must not cost the other figures.
STATS_SECONDS = 2.0
BUILD_INFO = "build_info"
# Read when asked for, not counted; every process gives the same. Without their server they are absent.
ENGINE_GAUGES: Mapping[str, str] = MappingProxyType(
    {
        "store_up": "1 when Postgres answered this process just now, else 0",
        "queue_up": "1 when Redis answered this process just now, else 0",
        "open_orders": "Orders that are neither final nor resting, counted up to 200,000",
        "oldest_pending_age_seconds": "Age of the oldest order that waits for its first step; 0 when none does",
        "id_range_used_ratio": "Share of a table's ids that was given out, up to a minute old; at 1 it takes no more",
        "workers_alive": "Workers that reported within the last 20 s",
        "queue_jobs": "Jobs in the queue, by place; `buried` are the dead letters",
        "queue_paused": "1 while the queue is paused, else 0",
        "trading_halted": "1 while trading is halted, as far as this process knows, else 0",
        "parts_halted": "Users and venues that are halted, as far as this process knows",
        BUILD_INFO: "1; the labels say which release answers",
    }
)
ENGINE_LABELS: Mapping[str, Labels] = MappingProxyType(
    {
        "id_range_used_ratio": ("table",),
        "queue_jobs": ("place",),
        "parts_halted": ("of",),
        BUILD_INFO: ("version", "python"),
    }
)


@frozen
class MetricsResource:
    """All metrics: those of this process, or with several on one port those of all of them."""

    stats: EngineStats

    async def on_get(self, req: Request, resp: Response) -> None:
        """Write them; the event loop gets its turn after each, since writing them all takes longer than an order."""
        snapshot = await self._snapshot()
        resp.content_type = CONTENT_TYPE_PLAIN_0_0_4
        parts = []
        for metric in (*_engine(snapshot), *_counted(METERS), *_processes(METERS)):
            parts.append(generate_latest(_Only(metric)))
            await asyncio.sleep(0)
        resp.data = b"".join(parts)

    on_head = on_get

    async def _snapshot(self) -> EngineSnapshot:
        try:
            async with asyncio.timeout(STATS_SECONDS):
                return await self.stats.snapshot(ANYONE)
        except Exception as error:  # whatever it is, the figures that are in hand are written
            observe.check_failed("metrics", error)
            return EngineSnapshot(StoreUnavailable(), None)


def reference() -> str:
    """Write the table of docs/metrics.md: every metric of ours, its kind and labels, its meaning."""
    rows = [(PREFIX + name, Kind.GAUGE, ENGINE_LABELS.get(name, ()), text) for name, text in ENGINE_GAUGES.items()]
    rows += [(family.name, family.kind, family.labels, family.help) for family in METERS.families.values()]
    lines = ["| metric | kind | labels | meaning |", "|---|---|---|---|"]
    for name, kind, labels, text in rows:
        lines.append(f"| `{name}` | {kind} | {', '.join(f'`{label}`' for label in labels)} | {text} |")
    return "\n".join(lines) + "\n"


@frozen
class _Only(Collector):
    """One metric, as `generate_latest` wants it."""

    metric: Metric

    def collect(self) -> Iterable[Metric]:
        return (self.metric,)


def _counted(meters: Meters) -> Iterator[Metric]:
    totals = meters.totals()
    for family in meters.families.values():
        metric = Metric(family.name.removesuffix("_total"), family.help, family.kind)
        for values, numbers in sorted(totals[family.name].items()):
            labels = dict(zip(family.labels, values, strict=True))
            if family.kind is Kind.HISTOGRAM:
                _add_histogram(metric, family.bounds, labels, numbers)
            else:
                metric.add_sample(family.name, labels, numbers[0])
        yield metric


def _add_histogram(metric: Metric, bounds: Sequence[float], labels: dict[str, str], numbers: Sequence[float]) -> None:
    total, *counts = numbers
    reached = list(accumulate(counts))
    for bound, count in zip((*bounds, inf), reached, strict=True):
        metric.add_sample(f"{metric.name}_bucket", {**labels, "le": "+Inf" if bound == inf else str(bound)}, count)
    metric.add_sample(f"{metric.name}_count", labels, reached[-1])
    metric.add_sample(f"{metric.name}_sum", labels, total)


def _engine(snapshot: EngineSnapshot) -> Iterator[Metric]:
    """Give what was read just now; a gauge of which nothing is known has a name and no number."""
    numbers: dict[str, Mapping[Labels, float]] = {
        "store_up": {(): isinstance(snapshot.stats, Stats)},
        "queue_up": {(): snapshot.queue is not None},
        "trading_halted": {(): snapshot.halted},
        "parts_halted": {(of,): number for of, number in snapshot.parts_halted.items()},
        BUILD_INFO: {(_release(), platform.python_version()): 1},
    }
    if isinstance(snapshot.stats, Stats):
        numbers["open_orders"] = {(): snapshot.stats.open}
        numbers["workers_alive"] = {(): len(snapshot.stats.workers)}
        numbers["oldest_pending_age_seconds"] = {(): snapshot.stats.oldest_pending_seconds or 0}
    numbers["id_range_used_ratio"] = {(table,): used for table, used in snapshot.id_ranges_used.items()}
    if snapshot.queue is not None:
        numbers["queue_jobs"] = {(place,): getattr(snapshot.queue, place) for place in JobPlace}
        numbers["queue_paused"] = {(): snapshot.queue.paused}
    for name, text in ENGINE_GAUGES.items():
        metric = Metric(PREFIX + name, text, Kind.GAUGE)
        for values, number in numbers.get(name, {}).items():
            metric.add_sample(metric.name, dict(zip(ENGINE_LABELS.get(name, ()), values, strict=True)), number)
        yield metric


@cache
def _release() -> str:
    return version("order-engine")


def _processes(meters: Meters) -> Iterable[Metric]:
    """Give what the system knows of this process, or with a label each of those that share one port."""
    processes = meters.storage.processes()
    if not processes:
        return ProcessCollector(registry=None).collect()
    merged: dict[str, Metric] = {}
    for name, pid in processes.items():
        for metric in ProcessCollector(pid=partial(int, pid), registry=None).collect():
            for sample in metric.samples:
                into = merged.setdefault(metric.name, Metric(metric.name, metric.documentation, metric.type))
                into.add_sample(sample.name, {**sample.labels, "process": name}, sample.value)
    return merged.values()
