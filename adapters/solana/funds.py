"""Whether a wallet has what a swap takes: its input, and the lamports for fees and for accounts that are missing."""

from collections.abc import Sequence
from typing import Protocol

from solders.pubkey import Pubkey
from solders.token.associated import get_associated_token_address

from adapters.solana.judge.balances import SIGNATURE_LAMPORTS, token_account
from adapters.solana.judge.node import Accounts
from adapters.solana.judge.programs import SOL, TOKEN
from adapters.solana.judge.rules import TOKEN_ACCOUNT_RENT
from adapters.solana.market import Ask
from domain.asset import Asset

# A wallet with less than this, and more than nothing, is none that the chain lets be.
WALLET_RENT = 890_880


class AccountReader(Protocol):
    """Where accounts are read."""

    async def accounts(self, addresses: Sequence[str]) -> Accounts:
        """Return these accounts, all of one slot. Raises VenueUnavailable."""
        ...


async def shortage(node: AccountReader, ask: Ask, priority_lamports: int) -> str | None:
    """Say what the wallet lacks for the swap; None when it has enough. Raises VenueUnavailable."""
    sol = str(SOL)
    given, got = (account_of(ask.wallet, token) for token in (ask.input, ask.output))
    wallet, source, destination = (await node.accounts([ask.wallet, given, got])).accounts
    if ask.input.address != sol:
        tokens = token_account(source)
        held = tokens.amount if tokens else 0
        if held < ask.amount_in:
            return f"the wallet has {held} of {ask.amount_in} {ask.input.symbol} units"
    least = SIGNATURE_LAMPORTS + priority_lamports + WALLET_RENT
    # SOL goes through an account of its own, which is closed again; another output stays in its account.
    least += TOKEN_ACCOUNT_RENT * ((sol in (ask.input.address, ask.output.address)) + (destination is None))
    least += ask.amount_in if ask.input.address == sol else 0
    lamports = wallet.lamports if wallet else 0
    return f"the wallet has {lamports} of {least} lamports" if lamports < least else None


def account_of(wallet: str, token: Asset) -> str:
    """Return the address of a wallet's usual account of a token."""
    program = TOKEN if token.program is None else Pubkey.from_string(token.program)
    mint = Pubkey.from_string(token.address)
    return str(get_associated_token_address(Pubkey.from_string(wallet), mint, program))
