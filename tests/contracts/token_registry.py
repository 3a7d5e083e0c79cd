"""What every token registry does: it finds by address, or by symbol in any case, and never guesses."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

import pytest

from application.ports.token_registry import TokenRegistry
from domain.asset import Asset
from domain.errors import AmbiguousToken, UnknownToken

SOL = Asset("solana", "So11111111111111111111111111111111111111112", "SOL", 9)
WSOL = Asset("solana", SOL.address, "WSOL", 9)
USDC = Asset("solana", "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v", "USDC", 6)
PYUSD = Asset(
    "solana",
    "2b1kV6DkPAnxd5ixfnxCpjxmKwqjjaYmCZfHsFu24GXo",
    "PYUSD",
    6,
    "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb",
)
OTHER_USDC = Asset("solana", "Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB", "usdc", 6)
DEVNET_SOL = Asset("solana-devnet", SOL.address, "SOL", 9)

Registered = Callable[[Sequence[Asset]], TokenRegistry]


class TokenRegistryContract(ABC):
    """Override `registered`, which makes a registry of these tokens."""

    @pytest.fixture
    @abstractmethod
    def registered(self) -> Registered: ...

    def test_all_are_there_in_the_lists_order(self, registered: Registered) -> None:
        assert list(registered([USDC, SOL, WSOL, PYUSD]).assets()) == [USDC, SOL, WSOL, PYUSD]

    @pytest.mark.parametrize("asset", [SOL, USDC, PYUSD], ids=lambda asset: asset.symbol)
    def test_a_token_is_found_by_address_and_by_symbol_in_any_case(self, registered: Registered, asset: Asset) -> None:
        registry = registered([SOL, WSOL, USDC, PYUSD])
        for name in (asset.address, asset.symbol, asset.symbol.lower(), asset.symbol.title()):
            assert registry.find(name) == asset

    def test_all_symbols_of_one_address_are_one_token(self, registered: Registered) -> None:
        registry = registered([SOL, WSOL, USDC])
        assert registry.find("wsol") == registry.find("SOL") == registry.find(SOL.address) == SOL

    @pytest.mark.parametrize("name", ["", "S", "SOLS", "SOL ", "＄SOL", SOL.address.lower(), SOL.address[:-1]])  # noqa: RUF001
    def test_what_is_not_listed_is_unknown_and_named(self, registered: Registered, name: str) -> None:
        with pytest.raises(UnknownToken) as refused:
            registered([SOL, USDC]).find(name)
        assert str(refused.value).startswith(f"{name} is no symbol or address")

    def test_a_symbol_of_two_tokens_means_none(self, registered: Registered) -> None:
        registry = registered([USDC, OTHER_USDC, SOL])
        for name in ("USDC", "usdc"):
            with pytest.raises(AmbiguousToken, match=f"{name} is what the token list calls 2 tokens"):
                registry.find(name)
        assert registry.find(USDC.address) == USDC
        assert registry.find(OTHER_USDC.address) == OTHER_USDC

    def test_an_address_of_two_chains_means_none(self, registered: Registered) -> None:
        registry = registered([SOL, DEVNET_SOL, USDC])
        for name in ("SOL", SOL.address):
            with pytest.raises(AmbiguousToken):
                registry.find(name)
