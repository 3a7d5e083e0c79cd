"""A build's bytes, decoded: one transaction, one signature, every account by its address."""

from collections.abc import Mapping, Sequence

from attrs import frozen
from solders.hash import Hash
from solders.instruction import CompiledInstruction
from solders.message import MessageV0
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.transaction import SanitizeError, VersionedTransaction

from adapters.solana.judge.programs import COMPUTE_BUDGET
from adapters.solana.judge.wanted import UnsafeTransaction

# What fits into one packet of the network.
MOST_BYTES = 1_232


@frozen
class Call:
    """One instruction: its accounts by their addresses, those of lookup tables too."""

    program: Pubkey
    accounts: tuple[Pubkey, ...]
    data: bytes


@frozen
class Build:
    """A message, and what its indexes stand for. `writable` are the accounts that it may change."""

    message: MessageV0
    calls: tuple[Call, ...]
    writable: tuple[Pubkey, ...]


def decoded(unsigned: bytes, wallet: Pubkey) -> MessageV0:
    """Return the message of a transaction that `wallet`, and it alone, pays for and signs.

    Raises UnsafeTransaction.
    """
    if len(unsigned) > MOST_BYTES:
        raise UnsafeTransaction(f"it has {len(unsigned)} bytes")
    try:
        transaction = VersionedTransaction.from_bytes(unsigned)
        transaction.sanitize()
    except (ValueError, SanitizeError) as error:
        raise UnsafeTransaction(f"its bytes are no transaction: {error}") from error
    message = transaction.message
    if not isinstance(message, MessageV0):
        raise UnsafeTransaction("it is not a transaction of version 0")
    if message.account_keys[0] != wallet:
        raise UnsafeTransaction(f"{message.account_keys[0]} is its fee payer")
    if message.header.num_required_signatures != 1:
        raise UnsafeTransaction("it wants another signature beside ours")
    return message


def resolved(message: MessageV0, tables: Mapping[str, Sequence[str]]) -> Build:
    """Return the message with its accounts looked up in `tables`, as our own node has them.

    Raises UnsafeTransaction for a table or an entry that there is not.
    """
    lookups = message.address_table_lookups
    written = [_entry(tables, str(each.account_key), at) for each in lookups for at in each.writable_indexes]
    read = [_entry(tables, str(each.account_key), at) for each in lookups for at in each.readonly_indexes]
    keys = [*message.account_keys, *written, *read]
    if len(set(keys)) < len(keys):
        raise UnsafeTransaction("an account stands in it twice")
    try:
        calls = tuple(
            Call(keys[each.program_id_index], tuple(keys[at] for at in each.accounts), bytes(each.data))
            for each in message.instructions
        )
    except IndexError as error:
        raise UnsafeTransaction("an instruction names an account that is not there") from error
    static = len(message.account_keys)
    unsigned_from = message.header.num_required_signatures
    read_from = static - message.header.num_readonly_unsigned_accounts
    writable = (*keys[: unsigned_from - message.header.num_readonly_signed_accounts], *keys[unsigned_from:read_from])
    return Build(message, calls, (*writable, *written))


def signed_with(message: MessageV0, blockhash: str, data: Mapping[int, bytes], added: bytes = b"") -> MessageV0:
    """Return the message with this blockhash, with other data in the instructions of these places.

    `added` is the data of one more instruction of the compute budget's program, which the message calls already.
    """
    instructions = [
        CompiledInstruction(each.program_id_index, data.get(at, bytes(each.data)), bytes(each.accounts))
        for at, each in enumerate(message.instructions)
    ]
    if added:
        budget = message.account_keys.index(COMPUTE_BUDGET)
        instructions.append(CompiledInstruction(budget, added, b""))
    return MessageV0(
        message.header,
        message.account_keys,
        Hash.from_string(blockhash),
        instructions,
        message.address_table_lookups,
    )


def unsigned_bytes(message: MessageV0) -> bytes:
    """Return a transaction of this message, without a signature. Raises UnsafeTransaction when it is too large."""
    raw = bytes(VersionedTransaction.populate(message, [Signature.default()]))
    if len(raw) > MOST_BYTES:
        raise UnsafeTransaction(f"it has {len(raw)} bytes")
    return raw


def _entry(tables: Mapping[str, Sequence[str]], table: str, at: int) -> Pubkey:
    entries = tables.get(table, ())
    if at >= len(entries):
        raise UnsafeTransaction(f"the lookup table {table} has no entry {at} at our node")
    return Pubkey.from_string(entries[at])
