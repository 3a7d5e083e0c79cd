"""What `getTransaction` says of a transaction that a block has: its balances before and after, fee, log."""

from collections.abc import Callable
from typing import Any

from solders.account import Account
from solders.pubkey import Pubkey

from simulators.solana.decoding import Decoded, ReadAccount
from simulators.solana.machine import Accounts, Outcome
from simulators.solana.token_accounts import decimals, holding, ui_amount


def meta(transaction: Decoded, outcome: Outcome, account: ReadAccount) -> dict[str, Any]:
    """Return it as Agave has it; `account` finds what the transaction only read."""
    return {
        "err": outcome.error,
        "status": {"Ok": None} if outcome.error is None else {"Err": outcome.error},
        "fee": outcome.fee,
        **balances(transaction, outcome, account),
        "innerInstructions": [],
        "logMessages": list(outcome.logs),
        "rewards": [],
        "computeUnitsConsumed": outcome.units,
        "loadedAddresses": loaded(transaction),
    }


def balances(transaction: Decoded, outcome: Outcome, account: ReadAccount) -> dict[str, Any]:
    """Return lamports and tokens of all accounts that the transaction names, before and after it."""
    before, after = _reader(outcome.before, account), _reader(outcome.after, account)
    return {
        "preBalances": [_lamports(before(key)) for key in transaction.keys],
        "postBalances": [_lamports(after(key)) for key in transaction.keys],
        "preTokenBalances": _tokens(transaction, before),
        "postTokenBalances": _tokens(transaction, after),
    }


def loaded(transaction: Decoded) -> dict[str, list[str]]:
    """Return the accounts that came by lookup tables."""
    return {
        "writable": [str(key) for key in transaction.loaded_writable],
        "readonly": [str(key) for key in transaction.loaded_readonly],
    }


def _reader(changed: Accounts, account: ReadAccount) -> Callable[[Pubkey], Account | None]:
    return lambda key: changed[key] if key in changed else account(key)


def _lamports(account: Account | None) -> int:
    return 0 if account is None else account.lamports


def _tokens(transaction: Decoded, account: ReadAccount) -> list[dict[str, Any]]:
    found = []
    for place, key in enumerate(transaction.keys):
        held = account(key)
        state = holding(held)
        if held is not None and state is not None:
            found.append(
                {
                    "accountIndex": place,
                    "mint": str(state.mint),
                    "owner": str(state.owner),
                    "programId": str(held.owner),
                    "uiTokenAmount": ui_amount(state.amount, decimals(account(state.mint))),
                }
            )
    return found
