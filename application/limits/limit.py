"""A limit as operators write it."""

from enum import StrEnum
from math import ceil

from attrs import frozen


class Of(StrEnum):
    """What is limited."""

    ORDERS = "orders"
    REQUESTS = "requests"
    SOCKETS = "sockets"


class By(StrEnum):
    """Whose use is counted together: a user's, a key's, or what comes from an address (an IPv6 one by its /64)."""

    USER = "user"
    KEY = "key"
    ADDRESS = "address"


@frozen
class Limit:
    """`quota` in each `seconds`, `burst` of it at once (0: what a second brings); with 0 seconds, so many at a time."""

    quota: int
    seconds: int = 0
    burst: int = 0

    @property
    def whole(self) -> float:
        """What all processes may give together: a rate by the second, or a number."""
        return self.quota / self.seconds if self.seconds else float(self.quota)

    @property
    def at_once(self) -> float:
        """How many may come at once."""
        return float(self.burst or max(1, ceil(self.whole)))

    @property
    def policy(self) -> str:
        """The limit as a RateLimit-Policy header has it, without its name."""
        return f"q={self.quota};w={self.seconds}"
