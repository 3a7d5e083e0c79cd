"""Tokens in memory keep the contract; a list that contradicts itself is none."""

import pytest
from attrs import evolve

from adapters.memory.token_registry import InMemoryTokenRegistry
from domain.token_list import ContradictoryTokens, TokenList
from tests.contracts.token_registry import PYUSD, SOL, WSOL, Registered, TokenRegistryContract


class TestInMemoryTokenRegistry(TokenRegistryContract):
    @pytest.fixture
    def registered(self) -> Registered:
        return lambda assets: InMemoryTokenRegistry(TokenList.of(assets))


@pytest.mark.parametrize("other", [evolve(WSOL, decimals=8), evolve(WSOL, program=PYUSD.program)])
def test_two_entries_of_one_token_must_say_the_same(other: object) -> None:
    with pytest.raises(ContradictoryTokens, match="has SOL and WSOL at one address, and they differ"):
        TokenList.of([SOL, other])  # type: ignore[list-item]
