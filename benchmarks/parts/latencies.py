"""Many times of one thing, and what is told of them."""

from array import array
from collections.abc import Iterable

from benchmarks.parts.helper import Answer
from benchmarks.references import percentile


def summary_ms(nanoseconds: "Iterable[int] | array[int]") -> Answer:
    """Sum up times in ns: how many, and p50, p99 and the longest in ms; 0 when there are none."""
    ordered = [ns / 1e6 for ns in sorted(nanoseconds)]
    return {
        "count": len(ordered),
        "p50_ms": percentile(ordered, 50),
        "p99_ms": percentile(ordered, 99),
        "most_ms": ordered[-1] if ordered else 0.0,
    }
