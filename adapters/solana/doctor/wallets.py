"""What a wallet has, which token accounts, and whether anyone else may take from them."""

from collections.abc import Sequence

from solders.token.state import TokenAccount, TokenAccountState

from adapters.solana.doctor.finding import Finding, Health
from adapters.solana.funds import AccountReader, account_of
from adapters.solana.judge.balances import token_account
from adapters.solana.judge.node import AccountState
from adapters.solana.judge.programs import SOL, SYSTEM
from application.ports.errors import SignerUnavailable, VenueUnavailable
from application.ports.signer import Wallets
from domain.asset import Asset
from domain.money import plain

# Enough for the fees of some swaps, and the rent of the accounts that they make.
FEW_LAMPORTS = 20_000_000
# The first byte is no version that a transaction could have.
OFF_CHAIN = b"\xffsolana offchain: order-engine doctor"
_SOL = Asset("solana", str(SOL), "SOL", 9)


async def signing_finding(wallets: Wallets, address: str) -> Finding:
    """Have the wallet's signer sign a few words that no chain takes for a transaction."""
    what = f"wallet {address}: signer"
    try:
        await wallets.named(address).sign(OFF_CHAIN)
    except SignerUnavailable as error:
        return Finding(what, Health.WARNING, f"did not sign a few words that are no transaction: {error}")
    return Finding(what, Health.OK, "signs")


async def wallet_findings(
    node: AccountReader, address: str, assets: Sequence[Asset], priority_lamports: int
) -> list[Finding]:
    """Look at a wallet and at its usual account of each token."""
    what = f"wallet {address}"
    tokens = {account_of(address, asset): asset for asset in assets}
    addresses = [address, *tokens]
    try:
        states: list[AccountState | None] = []
        for start in range(0, len(addresses), 100):
            states += (await node.accounts(addresses[start : start + 100])).accounts
    except VenueUnavailable as error:
        return [Finding(what, Health.WRONG, f"cannot be looked at: {error}")]
    held = [(asset, token_account(state)) for asset, state in zip(tokens.values(), states[1:], strict=True)]
    return [
        _of_lamports(what, states[0], priority_lamports),
        _of_tokens(what, held),
        *_taken_by_others(what, held),
    ]


def _of_lamports(what: str, state: AccountState | None, priority_lamports: int) -> Finding:
    has = state.lamports if state else 0
    wrong = None
    if state is None:
        wrong = "it is empty: not even a fee can be paid"
    elif state.owner != str(SYSTEM) or state.data:
        wrong = "it belongs to a program, and pays for nothing"
    needs = FEW_LAMPORTS + priority_lamports
    text = f"it has {plain(_SOL.amount(has))} SOL"
    warning = f"{text}: little, as a swap's fees and accounts take up to {plain(_SOL.amount(needs))}"
    return Finding.of(what, text, wrong=wrong, warning=warning if has < needs else None)


def _of_tokens(what: str, held: Sequence[tuple[Asset, TokenAccount | None]]) -> Finding:
    has = [f"{plain(asset.amount(account.amount))} {asset.symbol}" for asset, account in held if account]
    lacks = [asset.symbol for asset, account in held if account is None and asset.address != str(SOL)]
    later = f"; the first swap makes its account of {', '.join(lacks)}" if lacks else ""
    return Finding(f"{what}: token accounts", Health.OK, f"{', '.join(has) or 'none'}{later}")


def _taken_by_others(what: str, held: Sequence[tuple[Asset, TokenAccount | None]]) -> list[Finding]:
    found = []
    for asset, account in held:
        if account is None:
            continue
        name = f"{what}: {asset.symbol}"
        if account.state == TokenAccountState.Frozen:
            found.append(Finding(name, Health.WRONG, "its account is frozen by the token's issuer"))
        if account.delegate is not None:
            found.append(
                Finding(
                    name,
                    Health.WRONG,
                    f"{account.delegate} may take {plain(asset.amount(account.delegated_amount))} of it: revoke that",
                )
            )
        if account.close_authority is not None:
            found.append(Finding(name, Health.WRONG, f"{account.close_authority} may close its account"))
    return found
