"""Counters, gauges and histograms that cost an order next to nothing: each is a few cells in one long row of numbers.

A storage holds the row: this process's memory, or one that several processes see. An event loop moves them; no locks.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from operator import add
from typing import Any, Generic, Protocol, TypeVar

from attrs import frozen

Labels = tuple[str, ...]
Key = str | Labels  # a series among others of its name: the value of the one label, or the values of all


class Kind(StrEnum):
    """What a number is; the values are the exposition format's."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Cells(Protocol):
    """Numbers, each at its place."""

    def __getitem__(self, at: int, /) -> float: ...
    def __setitem__(self, at: int, number: float, /) -> None: ...


@frozen
class Reading:
    """What one process kept of one series; `alive` says whether that process still runs."""

    name: str
    labels: Labels
    numbers: Sequence[float]
    alive: bool = True


class MeterStorage(Protocol):
    """Where the numbers are kept. `cells` is the same object for good."""

    @property
    def cells(self) -> Cells:
        """All numbers of this process."""
        ...

    def place(self, name: str, labels: Labels, size: int) -> int:
        """Return where a series' cells begin. They may hold what a process that is gone kept there of the series."""
        ...

    def readings(self) -> Iterable[Reading]:
        """Read all series of all processes that share the storage."""
        ...

    def processes(self) -> Mapping[str, int]:
        """Return the ids of the running processes that share the storage, by name."""
        ...


class Series:
    """Some cells, from a place on."""

    __slots__ = ("at", "cells")

    def __init__(self, cells: Cells, at: int) -> None:
        self.cells = cells
        self.at = at


class Counter(Series):
    """A number that only rises while its process lives."""

    __slots__ = ()

    def add(self, amount: float = 1) -> None:
        """Count."""
        self.cells[self.at] += amount


class Gauge(Counter):
    """A number that rises and falls. Several processes' are added up, unless it is declared otherwise."""

    __slots__ = ()

    def set(self, number: float) -> None:
        """Say what it is now."""
        self.cells[self.at] = number


class Histogram(Series):
    """How many values were how large: a sum, then a cell for each bound's bucket and one for what is above all."""

    __slots__ = ("bounds",)

    def __init__(self, cells: Cells, at: int, bounds: Sequence[float]) -> None:
        super().__init__(cells, at)
        self.bounds = bounds

    def observe(self, value: float) -> None:
        """Count a value in its bucket; one that equals a bound belongs below it."""
        cells, at = self.cells, self.at
        cells[at] += value
        cells[at + 1 + bisect_left(self.bounds, value)] += 1


Some = TypeVar("Some", bound=Series)


class Family(dict[Key, Some], Generic[Some]):
    """All series of one name: `family["SOL"]`, or `family["SOL", "buy"]`, makes a series on its first use."""

    def __init__(
        self,
        meters: "Meters",
        kind: Kind,
        name: str,
        help_text: str,
        labels: Labels,
        make: Callable[[Cells, int], Some],
        bounds: Sequence[float] = (),
        of_all: Callable[[float, float], float] = add,
    ) -> None:
        super().__init__()
        self.kind = kind
        self.name = name
        self.help = help_text
        self.labels = labels
        self.bounds = tuple(bounds)
        self.of_all = of_all
        self.size = len(bounds) + 2 if kind is Kind.HISTOGRAM else 1
        self._meters = meters
        self._make = make

    def make(self, *keys: Key) -> None:
        """Make series before their first use, so that they are exposed as zero."""
        for key in keys:
            self[key]

    def __missing__(self, key: Key) -> Some:
        at = self._meters.placed(self, labels_of(key))
        series = self[key] = self._make(self._meters.storage.cells, at)
        return series


def furthest(one: float, other: float) -> float:
    """Return the number that is further from 0."""
    return max(one, other, key=abs)


def labels_of(key: Key) -> Labels:
    """Return the labels' values."""
    return (str(key),) if isinstance(key, str) else tuple(map(str, key))


class Meters:
    """All families of a process. A metric is declared once, by its name without the prefix."""

    def __init__(self, prefix: str) -> None:
        self.families: dict[str, Family[Any]] = {}
        self.storage: MeterStorage = InMemoryMeterStorage()
        self._prefix = prefix

    def counter(self, name: str, help_text: str) -> Counter:
        """Declare a counter without labels."""
        return self.counters(name, help_text)[()]

    def counters(self, name: str, help_text: str, *labels: str) -> Family[Counter]:
        """Declare counters."""
        return self._declared(Family(self, Kind.COUNTER, self._prefix + name, help_text, labels, Counter))

    def gauge(self, name: str, help_text: str, of_all: Callable[[float, float], float] = add) -> Gauge:
        """Declare a gauge without labels; `of_all` makes one number of two processes'."""
        return self._declared(Family(self, Kind.GAUGE, self._prefix + name, help_text, (), Gauge, of_all=of_all))[()]

    def gauges(self, name: str, help_text: str, *labels: str) -> Family[Gauge]:
        """Declare gauges."""
        return self._declared(Family(self, Kind.GAUGE, self._prefix + name, help_text, labels, Gauge))

    def histograms(self, name: str, help_text: str, bounds: Sequence[float], *labels: str) -> Family[Histogram]:
        """Declare histograms; `bounds` rise."""

        def make(cells: Cells, at: int) -> Histogram:
            return Histogram(cells, at, bounds)

        return self._declared(Family(self, Kind.HISTOGRAM, self._prefix + name, help_text, labels, make, bounds))

    def move_to(self, storage: MeterStorage) -> None:
        """Keep all numbers there from now on; what was counted so far comes along."""
        self.storage = storage
        for family in self.families.values():
            for key, series in family.items():
                old, begin = series.cells, series.at
                series.cells, series.at = storage.cells, self.placed(family, labels_of(key))
                for n in range(family.size):
                    series.cells[series.at + n] += old[begin + n]

    def placed(self, family: Family[Any], labels: Labels) -> int:
        """Return a place for a series. A gauge starts at 0: it knows nothing of the process that was there before."""
        at = self.storage.place(family.name, labels, family.size)
        if family.kind is Kind.GAUGE:
            self.storage.cells[at] = 0
        return at

    def totals(self) -> Mapping[str, Mapping[Labels, Sequence[float]]]:
        """Put together what all processes kept, by family and labels; gauges of those that are gone do not count."""
        totals: dict[str, dict[Labels, list[float]]] = {name: {} for name in self.families}
        for reading in self.storage.readings():
            family = self.families.get(reading.name)
            # Another release's process, started on the same storage, may know other families and other bounds.
            if family is None or len(reading.numbers) != family.size:
                continue
            if reading.alive or family.kind is not Kind.GAUGE:
                known = totals[reading.name].get(reading.labels)
                numbers = list(reading.numbers)
                totals[reading.name][reading.labels] = list(map(family.of_all, known, numbers)) if known else numbers
        return totals

    def _declared(self, family: Family[Some]) -> Family[Some]:
        if family.name in self.families:
            raise ValueError(f"{family.name} is declared twice")
        self.families[family.name] = family
        return family


class InMemoryMeterStorage:
    """The memory of this process."""

    def __init__(self) -> None:
        self.cells: list[float] = []
        self._placed: list[tuple[str, Labels, int, int]] = []

    def place(self, name: str, labels: Labels, size: int) -> int:
        """Return the place after the last."""
        at = len(self.cells)
        self.cells.extend([0.0] * size)
        self._placed.append((name, labels, at, size))
        return at

    def readings(self) -> Iterable[Reading]:
        """Read the series of this process."""
        return [Reading(name, labels, self.cells[at : at + size]) for name, labels, at, size in self._placed]

    def processes(self) -> Mapping[str, int]:
        """Name no process: the one that answers is the only one."""
        return {}
