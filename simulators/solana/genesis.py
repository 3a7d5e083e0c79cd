"""The accounts that the chain begins with: the mints, what the market maker holds, and the venues' lookup tables."""

import struct
from collections.abc import Iterator

from solders.account import Account
from solders.pubkey import Pubkey
from solders.token.state import Mint, TokenAccount, TokenAccountState

from simulators.solana.markets import DEXES, Dex, address
from simulators.solana.programs import CPMM_AUTHORITY, JUPITER, JUPITER_EVENTS
from simulators.solana.swaps import Swaps
from simulators.solana.tokens import SOL, TOKENS, Token

# A billion dollars of each token, and a thousand SOL for its own fees: no order here empties it.
MAKER_MICRO_DOLLARS = 10**15
MAKER_LAMPORTS = 10**12
# The rent of a mint, of a token account (165 bytes), and more than any lookup table needs.
MINT_RENT = 1_461_600
TOKEN_ACCOUNT_RENT = 2_039_280
TABLE_RENT = 10**8
LOOKUP_PROGRAM = Pubkey.from_string("AddressLookupTab1e1111111111111111111111111")
SYSTEM_PROGRAM = Pubkey.default()
_NEVER = 2**64 - 1


def accounts(swaps: Swaps) -> dict[Pubkey, Account]:
    """Return the accounts, by their addresses."""
    found = {swaps.maker: Account(MAKER_LAMPORTS, b"", SYSTEM_PROGRAM)}
    for token in TOKENS:
        amount = MAKER_MICRO_DOLLARS * 10**token.decimals // token.micro_dollars
        found[token.mint] = mint(token, supply=0 if token is SOL else amount)
        found[swaps.vault(token)] = token_account(token, swaps.maker, amount)
    for dex in DEXES:
        found[table_key(dex)] = _table(list(table_entries(dex, swaps)))
    return found


def mint(token: Token, supply: int) -> Account:
    """Return a token's mint. Nobody can make more of it: the ledger says where each unit is."""
    return Account(MINT_RENT, bytes(Mint(None, supply, token.decimals, is_initialized=True)), token.program)


def token_account(token: Token, owner: Pubkey, amount: int) -> Account:
    """Return a token account of `owner`; one of wrapped SOL has its amount in lamports too."""
    native = TOKEN_ACCOUNT_RENT if token is SOL else None
    state = TokenAccount(token.mint, owner, amount, None, TokenAccountState.Initialized, native, 0, None)
    return Account(TOKEN_ACCOUNT_RENT + (amount if token is SOL else 0), bytes(state), token.program)


def table_key(dex: Dex) -> Pubkey:
    """Return the address of a venue's lookup table."""
    return address("lookup table", dex.label)


def table_entries(dex: Dex, swaps: Swaps) -> Iterator[Pubkey]:
    """Return what a venue's lookup table holds, in its order."""
    yield from (dex.program, JUPITER_EVENTS, JUPITER, CPMM_AUTHORITY)
    for token in TOKENS:
        yield token.mint
        yield swaps.vault(token)
    yield from (pool.key for pool in swaps.markets.pools.values() if pool.dex == dex)


def _table(entries: list[Pubkey]) -> Account:
    """Return a lookup table that nobody owns: kind, deactivation, extension, authority, padding; then its entries."""
    head = struct.pack("<IQQBB32xH", 1, _NEVER, 0, 0, 0, 0)
    return Account(TABLE_RENT, head + b"".join(bytes(entry) for entry in entries), LOOKUP_PROGRAM)
