"""Tokens in this process's memory."""

from collections.abc import Sequence

from attrs import frozen

from domain.asset import Asset
from domain.token_list import TokenList


@frozen
class InMemoryTokenRegistry:
    """A list that never changes."""

    tokens: TokenList

    def find(self, name: str) -> Asset:
        return self.tokens.find(name)

    def assets(self) -> Sequence[Asset]:
        return self.tokens.assets
