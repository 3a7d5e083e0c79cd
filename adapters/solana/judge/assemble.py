"""Instructions that a venue gives apart become one transaction."""

from collections.abc import Mapping, Sequence

from solders.address_lookup_table_account import AddressLookupTableAccount
from solders.compute_budget import ID as COMPUTE_BUDGET
from solders.compute_budget import set_compute_unit_limit
from solders.hash import Hash
from solders.instruction import Instruction
from solders.message import MessageV0
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.transaction import VersionedTransaction

from adapters.solana.judge.wanted import UnsafeTransaction

MOST_UNITS = 1_400_000
_UNIT_LIMIT = 2


def assemble(
    instructions: Sequence[Instruction], tables: Mapping[str, Sequence[str]], payer: str, blockhash: str
) -> bytes:
    """Return them as an unsigned transaction (v0) that `payer` pays for; `tables` are the lookup tables' addresses.

    Without a limit of compute units it gets the highest; the judge lowers it to what the simulation took.
    Raises UnsafeTransaction when they cannot be one.
    """
    limited = any(each.program_id == COMPUTE_BUDGET and each.data[:1] == bytes([_UNIT_LIMIT]) for each in instructions)
    every = [*([] if limited else [set_compute_unit_limit(MOST_UNITS)]), *instructions]
    known = [
        AddressLookupTableAccount(Pubkey.from_string(key), [Pubkey.from_string(entry) for entry in entries])
        for key, entries in tables.items()
    ]
    try:
        message = MessageV0.try_compile(Pubkey.from_string(payer), every, known, Hash.from_string(blockhash))
    except Exception as error:  # solders has its own for each thing that does not fit
        raise UnsafeTransaction(f"its instructions make no transaction: {error}") from error
    unsigned = [Signature.default()] * message.header.num_required_signatures
    return bytes(VersionedTransaction.populate(message, unsigned))
