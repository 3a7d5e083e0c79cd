"""What a benchmark found: one table on the terminal, and the same as JSON in build/bench."""

import json
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Self

from attrs import asdict, define, field, frozen
from rich.console import Console
from rich.table import Table

from benchmarks.usage import LOAD, Meter

FOLDER = Path(__file__).parents[1] / "build" / "bench"
_MIB = 1 << 20


@frozen
class Figure:
    """One figure, its reference of the same run, and what it must reach; `ok` is None where nothing is asked.

    `value` and `reference_value` are medians over the rounds, in `unit`; `ratio` is the median of the rounds' ratios.
    """

    name: str
    value: float
    unit: str
    reference_name: str = ""
    reference_value: float | None = None
    ratio: float | None = None
    target: str = ""
    ok: bool | None = None

    @classmethod
    def beside(
        cls,
        name: str,
        unit: str,
        values: Sequence[float],
        reference_name: str,
        references: Sequence[float],
        *,
        at_least: float | None = None,
        reach: float | None = None,
        at_most: float | None = None,
    ) -> Self:
        """Make a figure of each round's value and reference; the limits are for the ratio of the two.

        `at_least` must be met and `reach` is hoped for; `at_most` is for figures of which less is better.
        """
        ratio = statistics.median(value / reference for value, reference in zip(values, references, strict=True))
        value, reference = statistics.median(values), statistics.median(references)
        target, ok = _judged(ratio, at_least, at_most, reach, "x")
        return cls(name, value, unit, reference_name, reference, ratio, target, ok)

    @classmethod
    def alone(
        cls,
        name: str,
        unit: str,
        values: Sequence[float],
        *,
        at_least: float | None = None,
        reach: float | None = None,
        at_most: float | None = None,
    ) -> Self:
        """Make a figure without a reference; the limits are for the median itself."""
        value = statistics.median(values)
        target, ok = _judged(value, at_least, at_most, reach, unit)
        return cls(name, value, unit, target=target, ok=ok)


@frozen
class Usage:
    """What each part used: CPU seconds per 1,000 orders, and resident bytes at the end; medians over the rounds.

    `other_cores` is how many cores other programs kept busy meanwhile.
    """

    what: str
    cpu_seconds_per_1000: Mapping[str, float]
    rss_bytes: Mapping[str, int]
    other_cores: float = 0.0

    @classmethod
    def of(cls, what: str, rounds: Sequence[tuple[Meter, int]]) -> Self:
        """Take each round's meter, and how many orders went through meanwhile."""
        cpu = [meter.cpu_seconds_per_1000(orders) for meter, orders in rounds]
        names = [name for name in rounds[0][0].cpu_seconds if all(name in used for used in cpu)]
        return cls(
            what,
            {name: statistics.median(used[name] for used in cpu) for name in names},
            {name: round(statistics.median(meter.rss_bytes[name] for meter, _ in rounds)) for name in names},
            statistics.median(meter.other_cores for meter, _ in rounds),
        )

    @property
    def engine_cpu_seconds(self) -> float:
        """CPU seconds of all parts but the load, per 1,000 orders; so, too, CPU milliseconds per order."""
        return sum(used for part, used in self.cpu_seconds_per_1000.items() if part != LOAD)

    def cell(self, part: str) -> str:
        """Write what a part used; nothing when it did not run."""
        if part not in self.cpu_seconds_per_1000:
            return ""
        return f"{self.cpu_seconds_per_1000[part]:.3f} s, {self.rss_bytes[part] / _MIB:.0f} MiB"


@define
class Report:
    """All that one benchmark has to say; `rounds`, whatever each of them measured, goes to the JSON only.

    `counted` is what usages are told per thousand of.
    """

    name: str
    title: str
    figures: list[Figure] = field(factory=list)
    usages: list[Usage] = field(factory=list)
    notes: list[str] = field(factory=list)
    rounds: list[Mapping[str, Any]] = field(factory=list)
    counted: str = "orders"

    @property
    def ok(self) -> bool:
        """Whether nothing missed its target."""
        return all(figure.ok is not False for figure in self.figures)

    def print(self, console: Console) -> None:
        """Print the tables, ratios first."""
        table = Table("ratio", "figure", "value", "reference", "target", title=f"{self.name}: {self.title}")
        table.title_justify = "left"
        for figure in self.figures:
            reference = f"{figure.reference_name} {_text(figure.reference_value)}" if figure.reference_name else ""
            value = f"{_text(figure.value)} {figure.unit}"
            table.add_row(_text(figure.ratio), figure.name, value, reference, _verdict(figure))
        console.print(table)
        if self.usages:
            console.print(self._usage_table())
        for note in self.notes:
            console.print(f"  {note}")

    def write(self, folder: Path = FOLDER) -> Path:
        """Write the JSON and return its path."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.name}.json"
        path.write_text(json.dumps(asdict(self), indent=2) + "\n")
        return path

    def _usage_table(self) -> Table:
        table = Table(
            "part", *(usage.what for usage in self.usages), title=f"CPU s per 1,000 {self.counted}; memory at the end"
        )
        table.title_justify = "left"
        parts = dict.fromkeys(part for usage in self.usages for part in usage.cpu_seconds_per_1000)
        for part in sorted(parts, key=lambda part: (part == LOAD, part)):
            table.add_row(part, *(usage.cell(part) for usage in self.usages))
        table.add_row(f"all but {LOAD}", *(f"{usage.engine_cpu_seconds:.3f} s" for usage in self.usages))
        table.add_row("other programs", *(f"{usage.other_cores:.2f} cores" for usage in self.usages))
        return table


def _judged(
    value: float, at_least: float | None, at_most: float | None, reach: float | None, unit: str
) -> tuple[str, bool | None]:
    limit, sign = (at_most, "<=") if at_most is not None else (at_least, ">=")
    if limit is None:
        return "", None
    hoped = f", reach {_text(reach)}" if reach is not None else ""
    return f"{sign} {_text(limit)} {unit}{hoped}", value <= limit if sign == "<=" else value >= limit


def _verdict(figure: Figure) -> str:
    colours: dict[bool | None, Literal["", "[green]met[/]", "[red]missed[/]"]]
    colours = {None: "", True: "[green]met[/]", False: "[red]missed[/]"}
    return f"{figure.target} {colours[figure.ok]}".strip()


def _text(value: float | None) -> str:
    """Write a number with three digits that count, and thousands whole."""
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
