"""A transaction's bytes read: who pays, what it says in whose name, and whether all have signed."""

from collections.abc import Callable, Iterator, Sequence

from attrs import frozen
from solders.account import Account
from solders.address_lookup_table_account import ID as LOOKUP_TABLES
from solders.address_lookup_table_account import AddressLookupTable
from solders.hash import Hash
from solders.instruction import AccountMeta, Instruction
from solders.message import Message, MessageV0
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.transaction import VersionedTransaction

MOST_BYTES = 1_232
ReadAccount = Callable[[Pubkey], Account | None]


class Unreadable(Exception):
    """These bytes are no transaction; the text is what a node says of them."""


class NoSuchTable(Exception):
    """A lookup table that the transaction names is not there, or is too short; the text is Agave's name of it."""


@frozen
class Decoded:
    """A transaction. `keys` are its accounts in its own order: static ones, then loaded ones, first the writable."""

    raw: bytes
    transaction: VersionedTransaction
    keys: tuple[Pubkey, ...]
    loaded_writable: tuple[Pubkey, ...]
    loaded_readonly: tuple[Pubkey, ...]
    instructions: tuple[Instruction, ...]

    @property
    def signature(self) -> Signature:
        """What it is known by."""
        return self.transaction.signatures[0]

    @property
    def payer(self) -> Pubkey:
        """Who pays its fee."""
        return self.keys[0]

    @property
    def blockhash(self) -> Hash:
        """Says until when it can land."""
        return self.transaction.message.recent_blockhash

    @property
    def is_signed(self) -> bool:
        """Whether everybody whose signature it needs has signed these very bytes."""
        return all(self.transaction.verify_with_results())


def decoded(raw: bytes, account: ReadAccount) -> Decoded:
    """Read a transaction, with the lookup tables that `account` finds. Raises Unreadable, NoSuchTable."""
    if len(raw) > MOST_BYTES:
        raise Unreadable(f"VersionedTransaction too large: {len(raw)} bytes (max: encoded/raw 1644/{MOST_BYTES})")
    try:
        transaction = VersionedTransaction.from_bytes(raw)
        transaction.sanitize()
    except Exception as error:
        raise Unreadable("failed to deserialize solana_transaction::versioned::VersionedTransaction") from error
    if not isinstance(transaction.message, Message | MessageV0):
        raise Unreadable("unsupported transaction version")
    writable, readonly = _loaded(transaction, account)
    static = transaction.message.account_keys
    keys = (*static, *writable, *readonly)
    metas = list(_metas(transaction, keys, len(static), len(writable)))
    instructions = tuple(
        Instruction(keys[at.program_id_index], bytes(at.data), [metas[place] for place in bytes(at.accounts)])
        for at in transaction.message.instructions
    )
    return Decoded(raw, transaction, keys, tuple(writable), tuple(readonly), instructions)


def _loaded(transaction: VersionedTransaction, account: ReadAccount) -> tuple[list[Pubkey], list[Pubkey]]:
    writable: list[Pubkey] = []
    readonly: list[Pubkey] = []
    message = transaction.message
    for lookup in message.address_table_lookups if isinstance(message, MessageV0) else ():
        addresses = _addresses(account(lookup.account_key))
        writable += _picked(addresses, bytes(lookup.writable_indexes))
        readonly += _picked(addresses, bytes(lookup.readonly_indexes))
    return writable, readonly


def _addresses(table: Account | None) -> Sequence[Pubkey]:
    if table is None:
        raise NoSuchTable("AddressLookupTableNotFound")
    if table.owner != LOOKUP_TABLES:
        raise NoSuchTable("InvalidAddressLookupTableOwner")
    try:
        return AddressLookupTable.deserialize(bytes(table.data)).addresses
    except ValueError as error:
        raise NoSuchTable("InvalidAddressLookupTableData") from error


def _picked(addresses: Sequence[Pubkey], places: bytes) -> list[Pubkey]:
    if any(place >= len(addresses) for place in places):
        raise NoSuchTable("InvalidAddressLookupTableIndex")
    return [addresses[place] for place in places]


def _metas(
    transaction: VersionedTransaction, keys: Sequence[Pubkey], static: int, loaded: int
) -> Iterator[AccountMeta]:
    header = transaction.message.header
    signers = header.num_required_signatures
    for place, key in enumerate(keys):
        if place < signers:
            writable = place < signers - header.num_readonly_signed_accounts
        elif place < static:
            writable = place < static - header.num_readonly_unsigned_accounts
        else:
            writable = place < static + loaded
        yield AccountMeta(key, is_signer=place < signers, is_writable=writable)
