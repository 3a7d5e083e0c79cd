"""Balances before and after: what a swap may do to the wallet and to its token accounts."""

from collections.abc import Mapping

import pytest
from attrs import evolve
from solders.pubkey import Pubkey
from solders.token.state import TokenAccount, TokenAccountState

from adapters.solana.judge.balances import compare, token_account
from adapters.solana.judge.node import AccountState
from adapters.solana.judge.programs import SYSTEM, TOKEN, TOKEN_2022
from adapters.solana.judge.wanted import UnsafeTransaction
from simulators.solana.genesis import TOKEN_ACCOUNT_RENT
from simulators.solana.tokens import SOL, USDC, Token
from tests.judged import JUP, THIEF, WALLET, own, wanted

FEE = 5_000
SWAP = wanted(USDC, JUP, 100, 40)
GIVEN, GOT, WRAPPED = own(USDC), own(JUP), own(SOL)


def native(lamports: int) -> AccountState:
    return AccountState(lamports, str(SYSTEM), b"")


def tokens(
    token: Token,
    amount: int,
    *,
    owner: Pubkey = WALLET,
    delegate: tuple[Pubkey, int] | None = None,
    state: TokenAccountState = TokenAccountState.Initialized,
    closer: Pubkey | None = None,
) -> AccountState:
    rent = TOKEN_ACCOUNT_RENT if token is SOL else None
    who, how_much = delegate or (None, 0)
    account = TokenAccount(token.mint, owner, amount, who, state, rent, how_much, closer)
    return AccountState(TOKEN_ACCOUNT_RENT + (amount if token is SOL else 0), str(token.program), bytes(account))


State = Mapping[Pubkey, AccountState | None]
BEFORE: State = {WALLET: native(10**9), GIVEN: tokens(USDC, 1_000), GOT: tokens(JUP, 7)}
AFTER: State = {WALLET: native(10**9 - FEE), GIVEN: tokens(USDC, 900), GOT: tokens(JUP, 47)}


def judge(before: State, after: State) -> None:
    compare(SWAP, before, after, FEE)


def test_the_most_that_goes_and_the_least_that_comes() -> None:
    judge(BEFORE, AFTER)


def test_an_account_that_is_made_for_the_output_keeps_its_rent_for_us() -> None:
    judge({**BEFORE, GOT: None}, {**AFTER, WALLET: native(10**9 - FEE - TOKEN_ACCOUNT_RENT), GOT: tokens(JUP, 40)})


def test_wrapped_sol_that_is_closed_to_us_is_still_ours() -> None:
    wrapped = tokens(SOL, 5_000)
    closed = native(10**9 - FEE + wrapped.lamports)
    judge({**BEFORE, WRAPPED: wrapped}, {**AFTER, WALLET: closed, WRAPPED: None})
    judge({**BEFORE, WRAPPED: wrapped}, {**AFTER, WALLET: closed, WRAPPED: native(0)})


def test_what_another_might_spend_before_it_may_spend_after() -> None:
    lent = (THIEF, 50)
    before = {**BEFORE, GIVEN: tokens(USDC, 1_000, delegate=lent)}
    judge(before, {**AFTER, GIVEN: tokens(USDC, 900, delegate=lent)})
    judge(before, AFTER)


HARM: dict[str, tuple[State, str]] = {
    "a lamport too much": ({WALLET: native(10**9 - FEE - 1)}, "changes our So111"),
    "a unit of the input too much": ({GIVEN: tokens(USDC, 899)}, "changes our EPjF"),
    "a unit of the output too little": ({GOT: tokens(JUP, 46)}, "changes our JUP"),
    "no output account": ({GOT: None}, "it closes"),
    "an account closed": ({GIVEN: None}, "it closes"),
    "an account closed, as some nodes tell it": ({GIVEN: native(0)}, "it closes"),
    "an account of no program": ({GIVEN: native(TOKEN_ACCOUNT_RENT)}, "something else"),
    "another token": ({GOT: tokens(USDC, 47)}, "something else"),
    "another program": ({GOT: evolve(tokens(JUP, 47), owner=str(TOKEN_2022))}, "something else"),
    "another owner": ({GOT: tokens(JUP, 47, owner=THIEF)}, "it takes"),
    "frozen": ({GOT: tokens(JUP, 47, state=TokenAccountState.Frozen)}, "it takes"),
    "a delegate": ({GOT: tokens(JUP, 47, delegate=(THIEF, 1))}, "lets"),
    "a close authority": ({GOT: tokens(JUP, 47, closer=THIEF)}, "another may close"),
    "a wallet that a program has": ({WALLET: evolve(native(10**9), owner=str(TOKEN))}, "belongs to a program"),
    "a wallet with data": ({WALLET: evolve(native(10**9), data=b"nonce")}, "belongs to a program"),
    "no wallet": ({WALLET: None}, "changes our So111"),
}


@pytest.mark.parametrize("harm", HARM)
def test_any_harm_is_refused(harm: str) -> None:
    changed, why = HARM[harm]
    with pytest.raises(UnsafeTransaction, match=why):
        judge(BEFORE, {**AFTER, **changed})


def test_a_delegate_may_spend_no_more_than_before() -> None:
    before = {**BEFORE, GOT: tokens(JUP, 7, delegate=(THIEF, 50))}
    for spends in ((THIEF, 51), (WALLET, 50)):
        with pytest.raises(UnsafeTransaction, match="lets"):
            judge(before, {**AFTER, GOT: tokens(JUP, 47, delegate=spends)})


def test_a_close_authority_that_another_has_long_had_is_refused() -> None:
    before = {**BEFORE, GOT: tokens(JUP, 7, closer=THIEF)}
    with pytest.raises(UnsafeTransaction, match="another may close"):
        judge(before, {**AFTER, GOT: tokens(JUP, 47, closer=THIEF)})


def test_what_is_a_token_account() -> None:
    plain = tokens(JUP, 7)
    extended = evolve(plain, owner=str(TOKEN_2022), data=plain.data + b"\2" + bytes(20))
    assert token_account(plain) == token_account(extended) == TokenAccount.from_bytes(plain.data)
    for other in (
        None,
        native(1),
        evolve(plain, data=plain.data[:-1]),
        evolve(plain, owner=str(SYSTEM)),
        evolve(extended, data=plain.data + b"\1"),
    ):
        assert token_account(other) is None
