"""A bare SVM with the Solana simulator's first accounts, for tests that need neither blocks nor nodes."""

from collections.abc import Sequence

from solders.hash import Hash
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.litesvm import LiteSVM
from solders.message import MessageV0
from solders.signature import Signature
from solders.token.state import TokenAccount
from solders.transaction import VersionedTransaction
from solders.transaction_metadata import FailedTransactionMetadata

from simulators.solana import genesis
from simulators.solana.markets import Markets
from simulators.solana.swaps import Swaps
from simulators.solana.tokens import Token
from simulators.solana.venues.instructions import account_of

SWAPS = Swaps(Markets(1), Keypair.from_seed(bytes(32)).pubkey())
TAKER = Keypair.from_seed(bytes([1] * 32)).pubkey()
ONE_SOL = 10**9


class Svm:
    """Two SOL are the taker's to begin with, and what `holds` says of tokens."""

    def __init__(self, holds: Sequence[tuple[Token, int]] = ()) -> None:
        self._svm = LiteSVM().with_sigverify(False).with_blockhash_check(False)
        for key, account in genesis.accounts(SWAPS).items():
            self._svm.set_account(key, account)
        self._svm.airdrop(TAKER, 2 * ONE_SOL)
        for token, amount in holds:
            self._svm.set_account(account_of(TAKER, token), genesis.token_account(token, TAKER, amount))

    def run(self, instructions: Sequence[Instruction], slot: int) -> object:
        """Run a transaction of the taker's, its swaps replaced; return its error, None when there is none."""
        ran: list[Instruction] = []
        for instruction in instructions:
            replaced = SWAPS.replaced(instruction, slot)
            if replaced is not None and replaced.code is not None:
                return replaced.code
            ran += [instruction] if replaced is None else replaced.transfers
        message = MessageV0.try_compile(TAKER, ran, [], Hash.default())
        signatures = [Signature.default()] * message.header.num_required_signatures
        done = self._svm.send_transaction(VersionedTransaction.populate(message, signatures))
        return done.err() if isinstance(done, FailedTransactionMetadata) else None

    @property
    def lamports(self) -> int:
        """What the taker has of native SOL."""
        return self._svm.get_balance(TAKER) or 0

    def held(self, token: Token) -> int | None:
        """Return what the taker's account of a token holds; None when there is no such account."""
        account = self._svm.get_account(account_of(TAKER, token))
        return TokenAccount.from_bytes(account.data[:165]).amount if account and account.data else None
