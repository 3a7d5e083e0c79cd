"""What became of an order so far, step by step: pure, from its frames."""

import time
from collections.abc import Callable, Iterator

from attrs import define, field, frozen

from order_engine_client import Frame

Clock = Callable[[], float]


@frozen
class Step:
    """One step; `at` is seconds since the order was accepted, `took` how long it lasted, so far if it is `current`."""

    frame: Frame
    at: float
    took: float
    current: bool


@define
class Timeline:
    """Collects frames. Times are the engine's own; only the step in progress is timed by the clock here (seconds)."""

    _clock: Clock = time.monotonic
    _frames: list[Frame] = field(factory=list, init=False)
    _arrived: float = field(default=0.0, init=False)

    def add(self, frame: Frame) -> Step:
        """Take the next frame; return its step."""
        self._frames.append(frame)
        self._arrived = self._clock()
        return list(self.steps())[-1]

    @property
    def last(self) -> Frame | None:
        """The newest frame."""
        return self._frames[-1] if self._frames else None

    @property
    def birth(self) -> Frame | None:
        """The frame that says what was ordered, if the order was followed from its start."""
        return self._frames[0] if self._frames and self._frames[0].seq == 0 else None

    @property
    def venue(self) -> str | None:
        """The venue that was chosen last."""
        venues = (frame.raw.get("chosenDex") for frame in reversed(self._frames))
        return next((venue for venue in venues if venue), None)

    def steps(self) -> Iterator[Step]:
        """Return all steps, the oldest first."""
        for index, frame in enumerate(self._frames):
            at = _between(self._frames[0], frame)
            if index + 1 < len(self._frames):
                yield Step(frame, at, _between(frame, self._frames[index + 1]), current=False)
            else:
                current = not frame.final
                yield Step(frame, at, max(0.0, self._clock() - self._arrived) if current else 0.0, current)

    def outcome(self) -> str | None:
        """Say how it ended, in one line; None before that."""
        if self.last is None or not self.last.final:
            return None
        content, after = self.last.raw, duration(_between(self._frames[0], self.last))
        if self.last.status == "failed":
            return f"Failed after {after}: {self.last.message} ({content.get('reasonCode')})"
        return (
            f"Confirmed after {after}: price {content.get('executionPrice')} on {self.venue}, {content.get('txHash')}"
        )


def policy_of(frame: Frame) -> str | None:
    """Return by which routing policy this step's venue was chosen; None where none was, or nobody said it."""
    routing = frame.raw.get("routing")
    return routing.get("policy") if isinstance(routing, dict) else None


def duration(seconds: float) -> str:
    """Write a time as a person reads it best."""
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 99.5:
        return f"{seconds:.2f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s"


def _between(first: Frame, second: Frame) -> float:
    # Frames of two processes are stamped by two clocks, which may differ by a little.
    return max(0.0, (second.timestamp - first.timestamp).total_seconds())
