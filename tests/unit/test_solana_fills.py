"""A fill is what the chain's balances say, whatever a venue expected: native and wrapped SOL together, fees apart."""

from decimal import Decimal

from attrs import evolve

from adapters.solana.answers import Balance, Landed
from adapters.solana.fills import fill_of
from domain.asset import Asset
from tests.signed import SOL, USDC, WALLET, a_swap

RENT, FEE = 2_039_280, 5_000
ONE = 10**9
JUP = Asset("solana", "JUPyiwrYJFskUPiHa7hkeR8VUtAeFoSZbKedZNsDvCN", "JUP", 6)
POOL = "Poo1111111111111111111111111111111111111111"


def balance(account: str, token: Asset, amount: int, owner: str = WALLET) -> Balance:
    return Balance(account, owner, token.address, amount)


def landed(before: dict[str, int], after: dict[str, int], *tokens: tuple[Balance, ...]) -> Landed:
    had, has = tokens
    return Landed(7, None, FEE, 1, before, after, had, has, ())


def test_sol_that_went_through_an_account_of_the_swaps_own() -> None:
    """It is made and closed within the transaction, so no balance tells of it. USDC's account is made, and stays."""
    told = landed(
        {WALLET: 5 * ONE, "wrapped": 0, "usdc": 0},
        {WALLET: 4 * ONE - RENT - FEE, "wrapped": 0, "usdc": RENT},
        (),
        (balance("usdc", USDC, 147_000_000), balance("pool", USDC, 9, POOL)),
    )

    fill = fill_of(told, a_swap())

    assert (fill.amount_in, fill.amount_out) == (Decimal(1), Decimal(147))
    assert fill.network_fee is not None
    assert fill.network_fee.amount == Decimal("0.000005")


def test_wrapped_sol_that_the_wallet_had_comes_back_native_when_its_account_is_closed() -> None:
    had = 3 * ONE
    told = landed(
        {WALLET: ONE, "wrapped": RENT + had, "usdc": RENT},
        {WALLET: ONE + had + RENT - ONE - FEE, "wrapped": 0, "usdc": RENT},
        (balance("wrapped", SOL, had), balance("usdc", USDC, 5)),
        (balance("usdc", USDC, 5 + 146_000_001),),
    )

    fill = fill_of(told, a_swap())

    assert (fill.amount_in, fill.amount_out) == (Decimal(1), Decimal("146.000001"))


def test_sol_that_was_bought_is_before_fees() -> None:
    told = landed(
        {WALLET: ONE, "usdc": RENT},
        {WALLET: ONE + 680_000_000 - FEE, "usdc": RENT},
        (balance("usdc", USDC, 100_000_000),),
        (balance("usdc", USDC, 0),),
    )

    fill = fill_of(told, a_swap(USDC, SOL, 100_000_000, 670_000_000))

    assert (fill.amount_in, fill.amount_out) == (Decimal(100), Decimal("0.68"))


def test_two_tokens_in_several_accounts_beside_those_of_others() -> None:
    told = landed(
        {WALLET: ONE},
        {WALLET: ONE - FEE},
        (balance("one", USDC, 70), balance("two", USDC, 50), balance("theirs", JUP, 10**9, POOL)),
        (balance("one", USDC, 0), balance("two", USDC, 20), balance("theirs", JUP, 9, POOL), balance("new", JUP, 777)),
    )

    fill = fill_of(told, a_swap(USDC, JUP, 100, 700))

    assert (fill.amount_in, fill.amount_out) == (Decimal("0.0001"), Decimal("0.000777"))


def test_lamports_that_somebody_sent_to_our_account_before_it_was_made_change_nothing() -> None:
    told = landed(
        {WALLET: ONE * 2, "usdc": 1_000_000},
        {WALLET: ONE - (RENT - 1_000_000) - FEE, "usdc": RENT},
        (),
        (balance("usdc", USDC, 147_000_000),),
    )

    assert fill_of(told, a_swap()).amount_in == 1


def test_what_was_paid_to_be_taken_sooner_is_told_apart() -> None:
    told = evolve(
        landed({WALLET: 2 * ONE}, {WALLET: ONE - 42_000}, (), (balance("usdc", USDC, 1),)), fee=42_000, signatures=1
    )

    fill = fill_of(told, a_swap())

    assert fill.network_fee is not None
    assert fill.landing is not None
    assert (fill.network_fee.amount, fill.landing.priority_fee) == (Decimal("0.000042"), Decimal("0.000037"))
    assert (fill.landing.chain, fill.landing.slot) == ("solana", 7)
    assert fill.amount_in == 1
