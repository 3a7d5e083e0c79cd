"""Token accounts and mints read as bytes, and changed by whoever may make tokens from nothing."""

from decimal import Decimal
from typing import Any

from attrs import frozen
from solders.account import Account
from solders.pubkey import Pubkey
from solders.token import ID as TOKEN_PROGRAM
from solders.token.state import TokenAccount, TokenAccountState

TOKEN_2022 = Pubkey.from_string("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb")
PROGRAMS = (TOKEN_PROGRAM, TOKEN_2022)
WRAPPED_SOL = Pubkey.from_string("So11111111111111111111111111111111111111112")
SIZE = 165
# Where the amount of an account, and the supply of a mint, are.
AMOUNT, SUPPLY = 64, 36
_MINT_SIZE = 82
_IS_ACCOUNT = 2  # the kind that Token-2022 writes behind the first 165 bytes


@frozen
class Holding:
    """What a token account says."""

    mint: Pubkey
    owner: Pubkey
    amount: int


def holding(account: Account | None) -> Holding | None:
    """Read a token account; None when it is none."""
    if account is None or account.owner not in PROGRAMS or not _is_token_account(account.data):
        return None
    data = account.data
    return Holding(Pubkey.from_bytes(data[:32]), Pubkey.from_bytes(data[32:64]), int.from_bytes(data[64:72], "little"))


def decimals(mint: Account | None) -> int:
    """Return a mint's decimals."""
    return 0 if mint is None or len(mint.data) < _MINT_SIZE else mint.data[44]


def new(mint: Pubkey, owner: Pubkey, program: Pubkey, rent: int) -> Account:
    """Return an empty token account."""
    native = rent if mint == WRAPPED_SOL else None
    state = TokenAccount(mint, owner, 0, None, TokenAccountState.Initialized, native, 0, None)
    return Account(rent, bytes(state), program)


def with_more(account: Account, amount: int, at: int = AMOUNT) -> Account:
    """Return a token account with so much more in it; with `at` SUPPLY a mint with so much more supply."""
    value = int.from_bytes(account.data[at : at + 8], "little") + amount
    data = account.data[:at] + value.to_bytes(8, "little") + account.data[at + 8 :]
    return Account(account.lamports, data, account.owner)


def ui_amount(amount: int, places: int) -> dict[str, Any]:
    """Return an amount as nodes write it."""
    value = Decimal(amount).scaleb(-places)
    text = format(value.normalize(), "f") if amount else "0"
    return {"amount": str(amount), "decimals": places, "uiAmount": float(value), "uiAmountString": text}


def _is_token_account(data: bytes) -> bool:
    return len(data) == SIZE or (len(data) > SIZE and data[SIZE] == _IS_ACCOUNT)
