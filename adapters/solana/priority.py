"""What a swap pays to be taken sooner: as others do just now, and never more than the most that may be paid."""

from collections.abc import Mapping
from types import MappingProxyType

from attrs import frozen

from adapters.solana.judge.rules import MOST_UNITS

MICRO = 1_000_000


@frozen
class Priority:
    """How the fee compares to others': `medium`, `high` or `very-high`, as each venue calls that."""

    level: str
    most_lamports: int

    @property
    def of_jupiter(self) -> str:
        """Jupiter's name of the level."""
        return _JUPITER[self.level]

    @property
    def of_raydium(self) -> str:
        """Raydium's name of the level."""
        return _RAYDIUM[self.level]

    def unit_price(self, usual: int) -> int:
        """Return the price of a compute unit, in millionths of a lamport, at which no swap can cost too much."""
        return min(usual, self.most_lamports * MICRO // MOST_UNITS)


_JUPITER: Mapping[str, str] = MappingProxyType({"medium": "medium", "high": "high", "very-high": "veryHigh"})
_RAYDIUM: Mapping[str, str] = MappingProxyType({"medium": "m", "high": "h", "very-high": "vh"})
