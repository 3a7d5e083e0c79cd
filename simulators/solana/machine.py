"""The chain's virtual machine: runs transactions for real; transfers stand in for the swaps of the venues' programs."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from attrs import frozen
from solders.account import Account
from solders.instruction import Instruction
from solders.litesvm import LiteSVM
from solders.message import MessageV0
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.token import ID as TOKEN_PROGRAM
from solders.transaction import VersionedTransaction
from solders.transaction_metadata import FailedTransactionMetadata

from simulators.solana.decoding import Decoded
from simulators.solana.errors import error_json, with_custom_code
from simulators.solana.logs import as_sent
from simulators.solana.swaps import Replaced

SIGNATURE_FEE = 5_000
_NOTHING = Account(0, b"", Pubkey.default())
# No program takes it: a swap that is to fail fails in its place, after all that comes before it was done.
_FAILS = Instruction(TOKEN_PROGRAM, b"\xff", [])

Accounts = Mapping[Pubkey, Account | None]


class Programs(Protocol):
    """The venues' programs; see `swaps.Swaps`."""

    def replaced(self, instruction: Instruction, slot: int) -> Replaced | None:
        """Return what runs instead of the instruction; None: it runs as it is."""
        ...


@frozen
class Outcome:
    """What became of a transaction: `before` and `after` hold all accounts that it may have changed.

    One whose fee could not be taken is in no block: `lands` is false, and nothing changed. `error` is as Agave has it.
    """

    error: Any
    lands: bool
    logs: tuple[str, ...]
    units: int
    fee: int
    before: Accounts
    after: Accounts


class Machine:
    """Accounts and the programs that change them. Whoever calls has checked signatures, blockhash and repetition."""

    def __init__(self, programs: Programs) -> None:
        self._programs = programs
        svm = LiteSVM().with_sigverify(False).with_blockhash_check(False)
        self._svm = svm.with_transaction_history(0)

    def account(self, key: Pubkey) -> Account | None:
        """Return an account as it is now."""
        return self._svm.get_account(key)

    def put(self, accounts: Accounts) -> None:
        """Set accounts; None takes one away."""
        for key, account in accounts.items():
            self._svm.set_account(key, account or _NOTHING)

    def rent(self, size: int) -> int:
        """Return the lamports that an account of this size must have."""
        return self._svm.minimum_balance_for_rent_exemption(size)

    def simulate(self, transaction: Decoded, slot: int, accounts: Accounts) -> Outcome:
        """Run it over these `accounts` of an earlier slot, and undo it all."""
        now = {key: self.account(key) for key in accounts}
        self.put(accounts)
        outcome = self.run(transaction, slot)
        self.put(outcome.before)
        self.put(now)
        return outcome

    def run(self, transaction: Decoded, slot: int) -> Outcome:
        """Run it in the block of this slot."""
        self._svm.warp_to_slot(slot)
        plan = _plan(transaction, self._programs, slot)
        message = MessageV0.try_compile(transaction.payer, plan.instructions, [], transaction.blockhash)
        signers = message.header.num_required_signatures
        # The market maker's signature costs nobody anything: it is not in the transaction that was sent.
        extra = SIGNATURE_FEE * (signers - len(transaction.transaction.signatures))
        keys = [key for at, key in enumerate(message.account_keys) if message.is_maybe_writable(at)]
        before = {key: self.account(key) for key in keys}
        self._add_lamports(transaction.payer, extra)
        funded = self._svm.get_balance(transaction.payer)
        result = self._svm.send_transaction(VersionedTransaction.populate(message, [Signature.default()] * signers))
        error: Any = None
        if isinstance(result, FailedTransactionMetadata):
            error, run = plan.error(result.err(), transaction.keys, message.account_keys), result.meta()
        else:
            run = result
        lands = error is None or self._svm.get_balance(transaction.payer) != funded
        if not lands:
            self.put(before)
        after = {key: self.account(key) for key in keys}
        fee = run.fee() - extra if lands else 0
        logs = as_sent(plan.origins, plan.replaced, run.logs())
        return Outcome(error, lands, logs, run.compute_units_consumed(), fee, before, after)

    def _add_lamports(self, key: Pubkey, lamports: int) -> None:
        account = self.account(key)
        if account is not None and lamports:
            changed = max(0, account.lamports + lamports)
            self._svm.set_account(key, Account(changed, account.data, account.owner, account.executable))


@frozen
class _Plan:
    """What runs: `origins` says which of the transaction's instructions each comes from."""

    instructions: list[Instruction]
    origins: list[int]
    replaced: Mapping[int, Replaced]

    def error(self, error: Any, keys: Sequence[Pubkey], run: Sequence[Pubkey]) -> Any:
        """Return the error as the transaction that was sent would have it."""
        found = error_json(error, self.origins, lambda place: keys.index(run[place]))
        for at, replaced in self.replaced.items():
            if replaced.code is not None:
                found = with_custom_code(found, at, replaced.code)
        return found


def _plan(transaction: Decoded, programs: Programs, slot: int) -> _Plan:
    instructions: list[Instruction] = []
    origins: list[int] = []
    replaced: dict[int, Replaced] = {}
    for at, instruction in enumerate(transaction.instructions):
        stand_in = programs.replaced(instruction, slot)
        run = [instruction]
        if stand_in is not None:
            replaced[at] = stand_in
            run = [_FAILS] if stand_in.code is not None else list(stand_in.transfers)
        instructions += run
        origins += [at] * len(run)
    return _Plan(instructions, origins, replaced)
