"""Holds the token list against the chain: by a token's decimals an order's amount becomes base units."""

from collections.abc import Sequence

from adapters.solana.judge.node import AccountState
from adapters.solana.judge.programs import TOKEN
from adapters.solana.judge.wanted import UnsafeTransaction
from domain.asset import Asset

# Of a mint's 82 bytes (of Token-2022: the first): authority, supply, decimals, whether it is initialized, authority.
_MINT_BYTES, _DECIMALS_AT, _INITIALIZED_AT = 82, 44, 45


def require_listed(assets: Sequence[Asset], mints: Sequence[AccountState | None]) -> None:
    """Raise UnsafeTransaction unless each token's mint, as the chain has it, is what the token list says."""
    for asset, mint in zip(assets, mints, strict=True):
        if wrong := mistaken(asset, mint):
            raise UnsafeTransaction(f"{asset.symbol} {wrong}")


def mistaken(asset: Asset, mint: AccountState | None) -> str | None:
    """Say what the token list has wrong of a token; None: nothing."""
    program = asset.program or str(TOKEN)
    if mint is None or len(mint.data) < _MINT_BYTES or not mint.data[_INITIALIZED_AT]:
        return "is no token of this chain"
    if mint.owner != program:
        return f"is of the token program {mint.owner}, and of {program} in the token list"
    if mint.data[_DECIMALS_AT] != asset.decimals:
        return f"has {mint.data[_DECIMALS_AT]} decimals, and {asset.decimals} in the token list"
    return None
