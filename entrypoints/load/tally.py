"""What is known of the orders of a load: which are open, how the others ended, and how long it all took."""

import time
from collections import Counter
from collections.abc import Callable

from attrs import define, field

from entrypoints.load.latency import Latencies

EARLY_MOST = 10_000


@define
class Tally:
    """Counts; only orders that are open are kept one by one. Times are by the clock, in seconds."""

    clock: Callable[[], float] = time.monotonic
    accepted: int = field(default=0, init=False)
    accept: Latencies = field(factory=Latencies, init=False)
    to_final: Latencies = field(factory=Latencies, init=False)
    endings: Counter[tuple[str, str]] = field(factory=Counter, init=False)
    refused: Counter[str] = field(factory=Counter, init=False)
    found_by_asking: int = field(default=0, init=False)
    last_accepted: float = field(default=0.0, init=False)
    last_final: float = field(default=0.0, init=False)
    open: dict[str, float] = field(factory=dict, init=False)
    _early: dict[str, tuple[str, str]] = field(factory=dict, init=False)

    @property
    def finished(self) -> int:
        """How many of the accepted orders are final."""
        return self.accept.count - len(self.open)

    @property
    def answered(self) -> int:
        """How many orders were accepted or refused."""
        return self.accepted + self.refused.total()

    def took(self, order_id: str, seconds: float) -> None:
        """Count an order that was accepted after so many seconds."""
        self.accepted += 1
        self.accept.add(seconds)
        self.last_accepted = self.open[order_id] = self.clock()
        if (ending := self._early.pop(order_id, None)) is not None:
            self.saw_final(order_id, *ending)

    def refuse(self, code: str) -> None:
        """Count an order that was not accepted."""
        self.refused[code] += 1

    def saw_final(self, order_id: str, status: str, reason: str) -> None:
        """Count an order whose final frame just came, which may be before its own answer; others' are ignored."""
        accepted = self.open.pop(order_id, None)
        if accepted is not None:
            self._end(status, reason, self.clock() - accepted)
            return
        if len(self._early) >= EARLY_MOST:
            del self._early[next(iter(self._early))]
        self._early[order_id] = (status, reason)

    def found_final(self, order_id: str, status: str, reason: str, seconds: float) -> None:
        """Count an order that was asked about and is final; it took so many seconds by the engine's own times."""
        if self.open.pop(order_id, None) is not None:
            self.found_by_asking += 1
            self._end(status, reason, seconds)

    def _end(self, status: str, reason: str, seconds: float) -> None:
        self.to_final.add(seconds)
        self.endings[status, reason] += 1
        self.last_final = self.clock()
