"""Which tokens there are."""

from collections.abc import Sequence
from typing import Protocol

from domain.asset import Asset


class TokenRegistry(Protocol):
    """The tokens that may be swapped. Asking waits for nothing."""

    def find(self, name: str) -> Asset:
        """Return the token of this symbol or address. Raises UnknownToken, AmbiguousToken."""
        ...

    def assets(self) -> Sequence[Asset]:
        """Return all tokens, in the list's order."""
        ...
