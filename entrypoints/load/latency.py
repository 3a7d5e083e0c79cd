"""Latencies by the million in a few kilobytes: counted in buckets, each 1% wider than the one before."""

import math
from collections import Counter

from attrs import define, field

_GROWTH = math.log(1.01)
_LEAST = 1e-6


@define
class Latencies:
    """Counts latencies in seconds. Quantiles are right to 0.5%, `longest` exactly."""

    count: int = field(default=0, init=False)
    longest: float = field(default=0.0, init=False)
    _buckets: Counter[int] = field(factory=Counter, init=False)

    def add(self, seconds: float) -> None:
        """Count one; below a microsecond all are the same."""
        self.count += 1
        self.longest = max(self.longest, seconds)
        self._buckets[round(math.log(max(seconds, _LEAST) / _LEAST) / _GROWTH)] += 1

    def quantile(self, share: float) -> float:
        """Return the latency in seconds that this share of all did not exceed; NaN when there is none."""
        wanted = max(1, math.ceil(share * self.count))
        seen = 0
        for bucket, count in sorted(self._buckets.items()):
            seen += count
            if seen >= wanted:
                return min(_LEAST * math.exp(bucket * _GROWTH), self.longest)
        return math.nan
