"""A circuit breaker: after a failure, fail at once for a while instead of waiting again."""

import time
from collections.abc import Callable

from application.ports.errors import QueueUnavailable


class Breaker:
    """Closed at first. Once opened, lets one caller through each `cool_off` seconds, until one of them succeeds."""

    def __init__(self, cool_off: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._cool_off = cool_off
        self._monotonic = monotonic
        self._probe_at: float | None = None

    def check(self) -> None:
        """Return when the caller may try. Raises QueueUnavailable when it should not."""
        if self._probe_at is None:
            return
        now = self._monotonic()
        if now < self._probe_at:
            raise QueueUnavailable("the queue could not be reached a moment ago")
        self._probe_at = now + self._cool_off

    def failed(self) -> None:
        """Open."""
        self._probe_at = self._monotonic() + self._cool_off

    def succeeded(self) -> None:
        """Close."""
        self._probe_at = None
