"""A token list that is wrong of a token's decimals or program would have another amount signed: nothing is."""

import pytest
from attrs import evolve
from solders.account import Account

from adapters.solana.judge.mints import mistaken
from adapters.solana.judge.node import AccountState
from adapters.solana.judge.programs import TOKEN, TOKEN_2022
from adapters.solana.judge.wanted import UnsafeTransaction
from domain.asset import Asset
from simulators.solana.genesis import mint
from simulators.solana.layouts import least
from simulators.solana.tokens import USDC
from tests.judged import JUP, USDC_IN, PlayedNode, asset, create, judged, jupiter, priced, unsigned, wanted


@pytest.mark.parametrize("side", ["input", "output"])
@pytest.mark.parametrize("decimals", [5, 9])
async def test_a_swap_of_a_token_whose_decimals_are_listed_wrong_is_not_signed(side: str, decimals: int) -> None:
    node = PlayedNode()
    quoted = node.price(USDC, JUP, USDC_IN)
    build = unsigned(priced(create(JUP), jupiter(USDC, JUP, USDC_IN, quoted)))
    swap = wanted(USDC, JUP, USDC_IN, least(quoted, 50))
    await judged(node, build, swap)
    wrong = evolve(swap, **{side: evolve(getattr(swap, side), decimals=decimals)})
    with pytest.raises(UnsafeTransaction, match=f"has 6 decimals, and {decimals} in the token list"):
        await judged(node, build, wrong)


def state(account: Account) -> AccountState:
    return AccountState(account.lamports, str(account.owner), bytes(account.data))


GOOD = state(mint(USDC, supply=1))
EXTENDED = evolve(GOOD, owner=str(TOKEN_2022), data=GOOD.data + bytes(200))


@pytest.mark.parametrize(
    ("listed", "mint", "wrong"),
    [
        (asset(USDC), GOOD, None),
        (evolve(asset(USDC), program=str(TOKEN)), GOOD, None),
        (evolve(asset(USDC), program=str(TOKEN_2022)), EXTENDED, None),
        (evolve(asset(USDC), decimals=7), GOOD, "has 6 decimals, and 7 in the token list"),
        (evolve(asset(USDC), program=str(TOKEN_2022)), GOOD, f"is of the token program {TOKEN}"),
        (asset(USDC), EXTENDED, f"is of the token program {TOKEN_2022}"),
        (asset(USDC), None, "is no token of this chain"),
        (asset(USDC), evolve(GOOD, data=b""), "is no token of this chain"),
        (asset(USDC), evolve(GOOD, data=bytes(82)), "is no token of this chain"),
    ],
)
def test_what_the_list_has_wrong_of_a_token_is_said(
    listed: Asset, mint: AccountState | None, wrong: str | None
) -> None:
    found = mistaken(listed, mint)
    assert found == wrong or (found is not None and wrong is not None and found.startswith(wrong))
