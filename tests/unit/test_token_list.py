"""The token list in a file: its format, how it is followed, and what is none."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from adapters.followed_file import FollowedFile, UnfitFile
from adapters.token_list.listed import CHAINS, tokens_of
from adapters.token_list.registry import FILE_BYTES, SHIPPED, FileTokenRegistry
from domain.asset import Asset
from domain.errors import UnknownToken
from tests.clock import ManualClock
from tests.contracts.token_registry import DEVNET_SOL, PYUSD, SOL, USDC, Registered, TokenRegistryContract

CHAIN_IDS = {chain: number for number, chain in CHAINS.items()}


def entry(asset: Asset, **over: object) -> dict[str, Any]:
    """Write a token as a list has it; None leaves a member out."""
    whole = {
        "chainId": CHAIN_IDS[asset.chain],
        "address": asset.address,
        "symbol": asset.symbol,
        "name": "What people call it",
        "decimals": asset.decimals,
        "logoURI": "https://example.com/logo.png",
        "tags": ["stablecoin"],
        "extensions": {"tokenProgram": asset.program, "coingeckoId": "x"} if asset.program else None,
        **over,
    }
    return {name: value for name, value in whole.items() if value is not None}


def listed(*tokens: object) -> bytes:
    return json.dumps({"name": "A list", "version": {"major": 1, "minor": 0, "patch": 0}, "tokens": tokens}).encode()


def write(path: Path, assets: Sequence[Asset]) -> None:
    """Write a list, in the place of the one before at once."""
    beside = path.with_name(f"{path.name}.new")
    beside.write_bytes(listed(*map(entry, assets)))
    beside.replace(path)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "tokens.json"
    write(path, [SOL, USDC])
    return path


class TestFileTokenRegistry(TokenRegistryContract):
    @pytest.fixture
    def registered(self, path: Path) -> Registered:
        def registry(assets: Sequence[Asset]) -> FileTokenRegistry:
            write(path, assets)
            return FileTokenRegistry.read(path, ManualClock(), CHAIN_IDS)

        return registry


async def test_the_file_is_looked_at_again_and_again(path: Path) -> None:
    clock = ManualClock()
    registry = FileTokenRegistry.read(path, clock, CHAIN_IDS)
    async with asyncio.TaskGroup() as group:
        looking = group.create_task(registry.run())
        write(path, [PYUSD])
        await clock.advance(5)
        assert list(registry.assets()) == [PYUSD]
        looking.cancel()
    with pytest.raises(UnknownToken):
        registry.find("SOL")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"tokens":[]}', None, "all may write"])
def test_a_bad_file_changes_nothing_and_is_told_once(
    path: Path, content: bytes | str | None, caplog: pytest.LogCaptureFixture
) -> None:
    registry = FileTokenRegistry.read(path, ManualClock(), CHAIN_IDS)
    match content:
        case None:
            path.unlink()
        case bytes():
            path.write_bytes(content)
        case _:
            path.chmod(0o666)
    with caplog.at_level("ERROR", "order_engine"):
        for _ in range(2):
            registry.look()
    assert [record.message for record in caplog.records] == ["token_list_refused"]
    assert registry.find("USDC") == USDC
    write(path, [PYUSD])
    registry.look()
    assert list(registry.assets()) == [PYUSD]


def test_tokens_of_other_chains_are_left_out() -> None:
    ether = entry(SOL, chainId=1, address="0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2", symbol="WETH", decimals=18)
    content = listed(ether, entry(DEVNET_SOL), entry(USDC))
    assert tokens_of(content, CHAIN_IDS).assets == (DEVNET_SOL, USDC)
    assert tokens_of(content, {"solana"}).assets == (USDC,)


NOT_TOKENS: dict[str, object] = {
    "no object": [],
    "no chain": entry(SOL, chainId=None),
    "no address": entry(SOL, address=None),
    "no symbol": entry(SOL, symbol=None),
    "no decimals": entry(SOL, decimals=None),
    "decimals as text": entry(SOL, decimals="9"),
    "decimals with a point": entry(SOL, decimals=9.5),
    "decimals below 0": entry(SOL, decimals=-1),
    "more decimals than any token": entry(SOL, decimals=19),
    "an empty symbol": entry(SOL, symbol=""),
    "a long symbol": entry(SOL, symbol="S" * 21),
    "a symbol with a blank": entry(SOL, symbol="S L"),
    "a symbol that looks like another": entry(SOL, symbol="SОL"),  # noqa: RUF001
    "an address of another chain": entry(SOL, address="0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2"),
    "a short address": entry(SOL, address=SOL.address[:-1]),
    "a long address": entry(SOL, address=f"{USDC.address}11"),
    "too much for an address": entry(SOL, address="z" * 44),
    "a program that is none": entry(PYUSD, extensions={"tokenProgram": "spl-token-2022"}),
    "other decimals at the same address": entry(SOL, address=USDC.address),
}


@pytest.mark.parametrize("name", NOT_TOKENS)
def test_one_bad_token_refuses_the_list(name: str) -> None:
    with pytest.raises(UnfitFile):
        tokens_of(listed(entry(USDC), NOT_TOKENS[name]), CHAIN_IDS)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is no JSON object"),
        (b'{"tokens":[],"tokens":[]}', "is no JSON object"),
        (b"[" * 100_000, "is no JSON object"),
        (b"{}", "is no token list: Object missing required field `tokens`"),
        (b'{"tokens":{}}', "is no token list"),
        (listed(), "has no token of solana"),
    ],
    ids=range(6),
)
def test_what_is_no_list_is_refused_with_a_reason(content: bytes, said: str) -> None:
    with pytest.raises(UnfitFile, match=said):
        tokens_of(content, CHAIN_IDS)


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_may_write_is_not_gone_by(path: Path, mode: int) -> None:
    path.chmod(mode)
    with pytest.raises(UnfitFile, match="may be written by others"):
        FileTokenRegistry.read(path, ManualClock(), CHAIN_IDS)


def test_a_file_that_is_too_large_is_not_gone_by(path: Path) -> None:
    path.write_bytes(b" " * (FILE_BYTES + 1))
    with pytest.raises(UnfitFile, match="has more than 1024 KiB"):
        FollowedFile(path, FILE_BYTES).content()
    with pytest.raises(UnfitFile, match="cannot be read"):
        FollowedFile(path.parent, FILE_BYTES).content()


def test_the_list_that_comes_with_the_engine_is_one_and_each_token_is_found() -> None:
    tokens = tokens_of(SHIPPED.read_bytes(), CHAIN_IDS)
    assert len(tokens.assets) >= 12
    assert {asset.chain for asset in tokens.assets} == {"solana"}
    for asset in tokens.assets:
        assert evolve(tokens.find(asset.symbol), symbol=asset.symbol) == asset
    assert tokens.find("sol") == tokens.find("wsol") == SOL
    assert (tokens.find("USDC"), tokens.find("PYUSD")) == (USDC, PYUSD)
