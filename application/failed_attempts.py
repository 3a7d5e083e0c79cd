"""Who shows bad credentials again and again: has to wait, by address, and its guesses are looked at less and less."""

from ipaddress import IPv6Network
from math import ceil

from attrs import define, field

from application.errors import RateLimited
from application.observe import access as observe
from application.ports.system import Clock

FREE_MOST = 60.0  # failures of one address that are answered as such
FORGIVEN_A_SECOND = 1.0
WAIT_MOST = 20.0  # seconds, however often it failed
LOOKS_A_SECOND = 500.0  # at tokens from all addresses beyond that: each takes a fifth of a millisecond
ADDRESSES_MOST = 10_000


@define(eq=False)
class FailedAttempts:
    """Counts failures by address, an IPv6 one by its /64; each is forgiven with time.

    Only who fails has to wait: a good credential is taken from any address, since behind a proxy many clients have
    one. How many tokens from the bad ones are verified is bounded, for all of them together.
    """

    clock: Clock
    _failures: dict[str, tuple[float, float]] = field(factory=dict, init=False)  # how many, as of when
    _looks: float = LOOKS_A_SECOND
    _looked_at: float = 0.0

    def require_look(self, address: str) -> None:
        """Raise RateLimited unless a credential that is not known yet may be looked at."""
        failures, now = self._of(_place(address))
        if failures <= FREE_MOST:
            return
        self._looks = min(LOOKS_A_SECOND, self._looks + (now - self._looked_at) * LOOKS_A_SECOND)
        self._looked_at = now
        if self._looks < 1:
            raise RateLimited(1)
        self._looks -= 1

    def failed(self, address: str) -> None:
        """Count a failure. Raises RateLimited if there were too many lately."""
        place = _place(address)
        failures, now = self._of(place)
        failures = min(failures + 1, FREE_MOST + WAIT_MOST * FORGIVEN_A_SECOND)
        if self._failures.pop(place, (0.0, now))[0] <= FREE_MOST < failures:
            observe.credentials_refused(place)
        if len(self._failures) >= ADDRESSES_MOST:
            del self._failures[next(iter(self._failures))]  # which failed longest ago
        self._failures[place] = failures, now
        if failures > FREE_MOST:
            raise RateLimited(ceil((failures - FREE_MOST) / FORGIVEN_A_SECOND))

    def _of(self, place: str) -> tuple[float, float]:
        now = self.clock.monotonic()
        failures, at = self._failures.get(place, (0.0, now))
        return max(0.0, failures - (now - at) * FORGIVEN_A_SECOND), now


def _place(address: str) -> str:
    try:
        return str(IPv6Network((address, 64), strict=False)) if ":" in address else address
    except ValueError:
        return address
