"""The tokens that are traded here, by their mainnet addresses, and what one of each is worth before prices move."""

from collections.abc import Mapping
from types import MappingProxyType

from attrs import frozen
from solders.pubkey import Pubkey
from solders.token import ID as TOKEN_PROGRAM

TOKEN_2022 = Pubkey.from_string("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb")


@frozen
class Token:
    """A mint. One whole token is worth `micro_dollars` (10^-6 USD) to begin with."""

    symbol: str
    mint: Pubkey
    decimals: int
    micro_dollars: int
    program: Pubkey = TOKEN_PROGRAM


def _token(symbol: str, mint: str, decimals: int, micro_dollars: int, program: Pubkey = TOKEN_PROGRAM) -> Token:
    return Token(symbol, Pubkey.from_string(mint), decimals, micro_dollars, program)


# Native and wrapped SOL share this address.
SOL = _token("SOL", "So11111111111111111111111111111111111111112", 9, 150_000_000)
USDC = _token("USDC", "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v", 6, 1_000_000)
TOKENS = (
    SOL,
    USDC,
    _token("USDT", "Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB", 6, 1_000_000),
    _token("JUP", "JUPyiwrYJFskUPiHa7hkeR8VUtAeFoSYbKedZNsDvCN", 6, 500_000),
    _token("RAY", "4k3Dyjzvzp8eMZWUXbBCjEvwSkkk59S5iCNLY3QrkX6R", 6, 2_000_000),
    _token("JTO", "jtojtomepa8beP8AuQc6eXt5FriJwfFMwQx2v2f9mCL", 9, 1_800_000),
    _token("PYTH", "HZ1JovNiVvGrGNiiYvEozEVgZ58xaU3RKwX8eACQBCt3", 6, 120_000),
    _token("WIF", "EKpQGSJtjMFqKZ9KQanSqYXRcF8fBopzLHYxdM65zcjm", 6, 800_000),
    _token("BONK", "DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263", 5, 18),
    _token("mSOL", "mSoLzYCxHdYgdzU16g5QSh3i5K3z3KZK7ytfqcJm7So", 9, 195_000_000),
    _token("JitoSOL", "J1toso1uCk3RLmjorhTtrVwY9HJ7X8V9yYac6Y7kGCPn", 9, 183_000_000),
    _token("PYUSD", "2b1kV6DkPAnxd5ixfnxCpjxmKwqjjaYmCZfHsFu24GXo", 6, 1_000_000, TOKEN_2022),
    _token("cbBTC", "cbbtcf3aa214zXHbiAZQwf4122FBYbraNdFqgw4iMij", 8, 100_000_000_000),
)
BY_MINT: Mapping[Pubkey, Token] = MappingProxyType({token.mint: token for token in TOKENS})
