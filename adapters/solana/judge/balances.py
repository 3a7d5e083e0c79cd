"""What a swap does to its wallet, by the accounts before and after it in a simulation."""

from collections import Counter
from collections.abc import Mapping

from attrs import frozen
from solders.pubkey import Pubkey
from solders.token.state import TokenAccount, TokenAccountState

from adapters.solana.judge.node import AccountState
from adapters.solana.judge.programs import SOL, SYSTEM, TOKEN_PROGRAMS
from adapters.solana.judge.wanted import UnsafeTransaction, WantedSwap

SIGNATURE_LAMPORTS = 5_000
_TOKEN_BYTES = 165
_KIND_AT, _KIND_ACCOUNT = 165, 2  # where the newer token program says what an account is
_TOKEN_PROGRAMS = frozenset(str(program) for program in TOKEN_PROGRAMS)

State = Mapping[Pubkey, AccountState | None]


def token_account(account: AccountState | None) -> TokenAccount | None:
    """Return a token account's state; None when it is none."""
    if account is None or account.owner not in _TOKEN_PROGRAMS or len(account.data) < _TOKEN_BYTES:
        return None
    if len(account.data) > _TOKEN_BYTES and account.data[_KIND_AT] != _KIND_ACCOUNT:
        return None
    try:
        return TokenAccount.from_bytes(account.data[:_TOKEN_BYTES])
    except ValueError:
        return None


def reached(before: State, wallet: Pubkey, own: frozenset[Pubkey]) -> tuple[Pubkey, ...]:
    """Return the accounts of ours that may change: the wallet first, then its token accounts.

    Raises UnsafeTransaction when one of them has nothing to do with the swap.
    """
    for address, account in before.items():
        tokens = token_account(account)
        if tokens is not None and tokens.owner == wallet and address not in own:
            raise UnsafeTransaction(f"it reaches for our account {address}")
    return (wallet, *(address for address in before if address in own))


def compare(wanted: WantedSwap, before: State, after: State, fee_lamports: int) -> None:
    """Check that the wallet gives at most what it wants to give and the fee, and gets at least what it wants.

    Native and wrapped SOL count together, and the rent of its token accounts with them, as it stays the wallet's.
    Raises UnsafeTransaction.
    """
    wallet = Pubkey.from_string(wanted.wallet)
    for state in (before, after):
        _check_wallet(state[wallet])
    for address in before:
        if address != wallet:
            _check_tokens(address, before[address], after[address], wallet)
    given, got = Pubkey.from_string(wanted.input.address), Pubkey.from_string(wanted.output.address)
    least = Counter({given: -wanted.amount_in, got: wanted.min_out})
    least[SOL] -= fee_lamports
    was, is_now = _held(before, wallet), _held(after, wallet)
    for mint in {*was, *is_now, given, got}:
        gained = is_now[mint] - was[mint]
        if gained < least[mint]:
            raise UnsafeTransaction(f"in a simulation it changes our {mint} by {gained}, not {least[mint]} or more")


def _held(state: State, wallet: Pubkey) -> Counter[Pubkey]:
    held: Counter[Pubkey] = Counter()
    for address, account in state.items():
        if account is None:
            continue
        tokens = token_account(account)
        if tokens is None or tokens.owner != wallet:
            held[SOL] += account.lamports if address == wallet else 0
            continue
        held[SOL] += account.lamports
        if tokens.mint != SOL:
            held[tokens.mint] += tokens.amount
    return held


def _check_wallet(account: AccountState | None) -> None:
    if account is not None and (account.owner != str(SYSTEM) or account.data):
        raise UnsafeTransaction("the wallet belongs to a program")


@frozen
class _Rights:
    """Who may do what with a token account, beside its owner."""

    delegate: Pubkey | None
    delegated: int
    closer: Pubkey | None

    @classmethod
    def of(cls, tokens: TokenAccount | None) -> "_Rights":
        if tokens is None:
            return cls(None, 0, None)
        return cls(tokens.delegate, tokens.delegated_amount, tokens.close_authority)


def _check_tokens(address: Pubkey, before: AccountState | None, after: AccountState | None, wallet: Pubkey) -> None:
    was, tokens = token_account(before), token_account(after)
    if tokens is None:
        if after is not None and after.lamports > 0:
            raise UnsafeTransaction(f"it makes {address} something else")
        if was is not None and was.mint != SOL:
            raise UnsafeTransaction(f"it closes {address}")
        return
    if tokens.owner != wallet or tokens.state != TokenAccountState.Initialized:
        raise UnsafeTransaction(f"it takes {address} from us")
    if was is not None and (before is None or after is None or was.mint != tokens.mint or before.owner != after.owner):
        raise UnsafeTransaction(f"it makes {address} something else")
    had, has = _Rights.of(was), _Rights.of(tokens)
    if has.closer not in (None, wallet):
        raise UnsafeTransaction(f"another may close {address}")
    if has.delegate is not None and (has.delegate != had.delegate or has.delegated > had.delegated):
        raise UnsafeTransaction(f"it lets {has.delegate} spend from {address}")
