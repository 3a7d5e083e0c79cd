"""What is made from nothing, and how much of each token accounts hold."""

from collections import Counter
from collections.abc import Mapping

from attrs import frozen
from solders.account import Account
from solders.pubkey import Pubkey
from solders.token.associated import get_associated_token_address

from simulators.solana.machine import Accounts, Machine
from simulators.solana.token_accounts import SIZE, SUPPLY, WRAPPED_SOL, holding, new, with_more

LAMPORTS = "lamports"


@frozen
class Gift:
    """What was made from nothing for somebody; without a mint it is lamports."""

    owner: Pubkey
    mint: Pubkey | None
    amount: int


def given(gift: Gift, machine: Machine) -> tuple[Accounts, Accounts]:
    """Return the accounts that a gift changes, before and after it. Raises KeyError when there is no such mint."""
    if gift.mint is None:
        found = machine.account(gift.owner)
        had = found or Account(0, b"", Pubkey.default())
        return {gift.owner: found}, {gift.owner: Account(had.lamports + gift.amount, had.data, had.owner)}
    mint = machine.account(gift.mint)
    if mint is None:
        raise KeyError(str(gift.mint))
    key = get_associated_token_address(gift.owner, gift.mint, mint.owner)
    found = machine.account(key)
    empty = new(gift.mint, gift.owner, mint.owner, machine.rent(SIZE))
    more = with_more(found or empty, gift.amount)
    return {key: found, gift.mint: mint}, {key: more, gift.mint: with_more(mint, gift.amount, SUPPLY)}


def held_in(accounts: Accounts) -> Mapping[str, int]:
    """Return how much of each token is in these accounts, lamports included. Wrapped SOL is counted in lamports."""
    held: Counter[str] = Counter()
    for account in accounts.values():
        held[LAMPORTS] += account.lamports if account else 0
        inside = holding(account)
        if inside is not None and inside.mint != WRAPPED_SOL:
            held[str(inside.mint)] += inside.amount
    return held
