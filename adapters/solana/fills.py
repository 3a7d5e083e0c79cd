"""What a landed swap came to, read from the chain: the wallet's balances before and after it, fees apart."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from adapters.solana.answers import Balance, Landed
from adapters.solana.judge.balances import SIGNATURE_LAMPORTS
from adapters.solana.judge.programs import SOL
from adapters.solana.payload import SignedSwap
from domain.asset import Asset
from domain.transaction import Fill, Landing, NetworkFee

_SOL_DECIMALS = 9


def fill_of(landed: Landed, signed: SignedSwap) -> Fill:
    """Return the fill. Native and wrapped SOL count together, and the rent of its accounts, which stays the wallet's.

    What else came or went of a token in the same transaction is part of the fill: it is the truth. The venue's fee is
    in the price.
    """
    return Fill(
        amount_in=signed.input.amount(-_gained(landed, signed.wallet, signed.input)),
        amount_out=signed.output.amount(_gained(landed, signed.wallet, signed.output)),
        venue_fee=Decimal(0),
        network_fee=NetworkFee(_in_sol(landed.fee), "SOL"),
        landing=Landing(
            signed.input.chain, landed.slot, _in_sol(max(0, landed.fee - SIGNATURE_LAMPORTS * landed.signatures))
        ),
    )


def _gained(landed: Landed, wallet: str, token: Asset) -> int:
    if token.address == str(SOL):
        ours = {wallet, *(each.account for each in _of(wallet, (*landed.tokens_before, *landed.tokens_after)))}
        return _sum(landed.lamports_after, ours) - _sum(landed.lamports_before, ours) + landed.fee
    before, after = (_held(wallet, token, each) for each in (landed.tokens_before, landed.tokens_after))
    return after - before


def _held(wallet: str, token: Asset, balances: Sequence[Balance]) -> int:
    return sum(each.amount for each in _of(wallet, balances) if each.mint == token.address)


def _of(wallet: str, balances: Sequence[Balance]) -> list[Balance]:
    return [each for each in balances if each.owner == wallet]


def _sum(lamports: Mapping[str, int], accounts: set[str]) -> int:
    return sum(lamports.get(account, 0) for account in accounts)


def _in_sol(lamports: int) -> Decimal:
    return Decimal(lamports).scaleb(-_SOL_DECIMALS)
