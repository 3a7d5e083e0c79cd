"""So many calls a second, spread evenly: a provider counts them, and refuses what is more."""

from application.ports.errors import VenueUnavailable
from application.ports.system import Clock

# A second's worth may come at once.
_AT_ONCE_SECONDS = 1.0


class Pace:
    """Gives out turns, `per_second` of them. Whoever would wait for more than `most_seconds` gets none."""

    def __init__(self, clock: Clock, per_second: float, most_seconds: float) -> None:
        self._clock = clock
        self._apart = 1 / per_second
        self._most = most_seconds
        self._next = 0.0

    @property
    def wait_seconds(self) -> float:
        """How long the next turn would have to wait."""
        return max(0.0, self._next - _AT_ONCE_SECONDS - self._clock.monotonic())

    async def turn(self) -> None:
        """Wait for a turn. Raises VenueUnavailable when that would take too long."""
        wait = self.wait_seconds
        if wait > self._most:
            raise VenueUnavailable("has more calls waiting than it may be asked")
        self._next = max(self._next, self._clock.monotonic()) + self._apart
        if wait:
            await self._clock.sleep(wait)
