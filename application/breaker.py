"""A circuit breaker: after a failure, fail at once for a while instead of waiting again."""

import time
from collections.abc import Callable


class Breaker:
    """Closed at first. Once opened, lets one call through each `cool_off` seconds, until one of them succeeds."""

    def __init__(self, cool_off: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._cool_off = cool_off
        self._monotonic = monotonic
        self._trial_at = 0.0
        self.closed = True  # all calls go through

    def lets_through(self) -> bool:
        """Say whether the caller may call now. Once opened, who may is on trial, and alone for the cool-off."""
        if self.closed:
            return True
        now = self._monotonic()
        if now < self._trial_at:
            return False
        self._trial_at = now + self._cool_off
        return True

    def failed(self) -> bool:
        """Open; say whether it was closed."""
        was_closed, self.closed = self.closed, False
        self._trial_at = self._monotonic() + self._cool_off
        return was_closed

    def succeeded(self) -> bool:
        """Close; say whether it was open."""
        was_open, self.closed = not self.closed, True
        return was_open
