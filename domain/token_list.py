"""The tokens that may be swapped, and how people and programs name them."""

from collections.abc import Iterable, Mapping
from typing import Self

from attrs import field, frozen

from domain.asset import Asset
from domain.errors import AmbiguousToken, UnknownToken


class ContradictoryTokens(ValueError):
    """Two entries of a list say different things of one token; the text names it."""


@frozen
class TokenList:
    """All tokens, in the list's order. One that is listed again under the same address has several symbols.

    A name is an address, written exactly so, or else a symbol in any case. Whatever could mean two tokens means none.
    """

    assets: tuple[Asset, ...]
    _by_address: Mapping[str, tuple[Asset, ...]] = field(repr=False)
    _by_symbol: Mapping[str, tuple[Asset, ...]] = field(repr=False)

    @classmethod
    def of(cls, assets: Iterable[Asset]) -> Self:
        """Make a list of these. Raises ContradictoryTokens."""
        listed = tuple(assets)
        by_address: dict[str, dict[str, Asset]] = {}
        by_symbol: dict[str, dict[tuple[str, str], Asset]] = {}
        for asset in listed:
            first = by_address.setdefault(asset.address, {}).setdefault(asset.chain, asset)
            if (first.decimals, first.program) != (asset.decimals, asset.program):
                raise ContradictoryTokens(f"has {first.symbol} and {asset.symbol} at one address, and they differ")
            by_symbol.setdefault(asset.symbol.casefold(), {})[asset.chain, asset.address] = first
        return cls(
            listed,
            {address: tuple(found.values()) for address, found in by_address.items()},
            {symbol: tuple(found.values()) for symbol, found in by_symbol.items()},
        )

    def find(self, name: str) -> Asset:
        """Return the token of this name, as it is listed first. Raises UnknownToken, AmbiguousToken."""
        found = self._by_address.get(name) or self._by_symbol.get(name.casefold(), ())
        if not found:
            raise UnknownToken(f"{name} is no symbol or address of the token list")
        if len(found) > 1:
            raise AmbiguousToken(f"{name} is what the token list calls {len(found)} tokens: give one's address")
        return found[0]
