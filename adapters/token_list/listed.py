"""What a file in the Token Lists format says (tokenlists.org), as far as the engine goes by it.

`extensions.tokenProgram` is our own: the token program's address, where it is not the chain's usual one.
"""

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Annotated

import msgspec
from msgspec import Meta

from adapters.followed_file import UnfitFile
from adapters.strict_json import object_of
from adapters.token_list.base58 import is_key
from domain.asset import Asset
from domain.token_list import ContradictoryTokens, TokenList

# A list numbers its chains. Solana has no number of its own; these are what its lists have always used.
CHAINS: Mapping[int, str] = MappingProxyType({101: "solana", 102: "solana-testnet", 103: "solana-devnet"})


class _Extensions(msgspec.Struct, rename="camel"):
    token_program: str | None = None


class _Token(msgspec.Struct, rename={"chain_id": "chainId"}):
    chain_id: int
    address: str
    symbol: Annotated[str, Meta(pattern=r"^[!-~]{1,20}\Z")]
    decimals: Annotated[int, Meta(ge=0, le=18)]
    extensions: _Extensions | None = None


class _File(msgspec.Struct):
    tokens: list[_Token]


def tokens_of(content: bytes, chains: Collection[str]) -> TokenList:
    """Return the tokens of a file that are of these chains. Raises UnfitFile."""
    try:
        read = msgspec.convert(object_of(content), _File)
    except msgspec.ValidationError as error:
        raise UnfitFile(f"is no token list: {error}") from error  # which member, and what it should be
    except ValueError as error:
        raise UnfitFile("is no JSON object with each member once") from error
    try:
        found = TokenList.of(
            _asset(token, chain) for token in read.tokens if (chain := CHAINS.get(token.chain_id, "")) in chains
        )
    except ContradictoryTokens as error:
        raise UnfitFile(str(error)) from error
    if not found.assets:
        raise UnfitFile(f"has no token of {' or '.join(chains)}")
    return found


def _asset(token: _Token, chain: str) -> Asset:
    program = token.extensions.token_program if token.extensions else None
    for address in (token.address, program):
        if address is not None and not is_key(address):
            raise UnfitFile(f"has an address of {token.symbol} that is none of Solana")
    return Asset(chain, token.address, token.symbol, token.decimals, program)
