"""What nodes say of accounts."""

from base64 import b64encode
from typing import Any

from solders.account import Account
from solders.pubkey import Pubkey

from simulators.solana.rpc.reading import INVALID_PARAMS, Call, RpcError, key_of
from simulators.solana.token_accounts import PROGRAMS, decimals, holding, ui_amount

MOST_ACCOUNTS = 100


def account_json(account: Account | None) -> dict[str, Any] | None:
    """Return an account as nodes write it."""
    if account is None:
        return None
    return {
        "data": [b64encode(account.data).decode(), "base64"],
        "executable": account.executable,
        "lamports": account.lamports,
        "owner": str(account.owner),
        "rentEpoch": account.rent_epoch,
        "space": len(account.data),
    }


def account(call: Call) -> dict[str, Any]:
    """Return one account, or null."""
    at = call.slot()
    return call.answer(at, account_json(call.view.chain.account(call.key(0), at)))


def accounts(call: Call) -> dict[str, Any]:
    """Return accounts, or null for each that is not there."""
    at = call.slot()
    keys = [key_of(text) for text in call.texts(0, MOST_ACCOUNTS)]
    return call.answer(at, [account_json(call.view.chain.account(key, at)) for key in keys])


def balance(call: Call) -> dict[str, Any]:
    """Return the lamports of an account."""
    at = call.slot()
    found = call.view.chain.account(call.key(0), at)
    return call.answer(at, found.lamports if found else 0)


def token_balance(call: Call) -> dict[str, Any]:
    """Return the amount in a token account."""
    at = call.slot()
    held = holding(call.view.chain.account(call.key(0), at))
    if held is None:
        raise RpcError(INVALID_PARAMS, "Invalid param: could not find account")
    places = decimals(call.view.chain.account(held.mint, at))
    return call.answer(at, ui_amount(held.amount, places))


def token_accounts_of(call: Call) -> dict[str, Any]:
    """Return the token accounts of an owner: those of one mint, or of one token program."""
    at, asked = call.slot(), call.params[1] if len(call.params) > 1 else None
    if not isinstance(asked, dict) or not {"mint", "programId"} & asked.keys():
        raise RpcError(INVALID_PARAMS, "Invalid param: mint or programId is needed")
    found = call.view.chain.holdings(call.key(0), at)
    answer = [{"pubkey": str(key), "account": account_json(each)} for key, each in found if _is_asked(each, asked)]
    return call.answer(at, answer)


def _is_asked(account: Account, asked: dict[str, Any]) -> bool:
    if "mint" in asked:
        return Pubkey.from_bytes(account.data[:32]) == key_of(asked["mint"])
    return account.owner in PROGRAMS and account.owner == key_of(asked["programId"])
