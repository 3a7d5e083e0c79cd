"""What a node of the chain answers, frozen: of Agave's JSON only what is asked for, and nothing that makes no sense."""

from base64 import b64decode
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any, TypeVar

import msgspec
from attrs import field, frozen
from msgspec import Meta

from adapters.solana.judge.node import AccountState
from adapters.solana.venue_api import NONSENSE, Units
from application.ports.errors import VenueUnavailable

# Agave has 64 bits; of none of these numbers more than 63 are ever needed, nor does a column hold more.
U64 = Annotated[int, Meta(ge=0, le=2**63 - 1)]

Answer = TypeVar("Answer")


def read(content: bytes | msgspec.Raw, kind: type[Answer]) -> Answer:
    """Read JSON; fields that are not known are passed over. Raises VenueUnavailable."""
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise VenueUnavailable(NONSENSE) from error


class Commitment(StrEnum):
    """How sure the cluster is of a block: `processed` is one node's word, `finalized` is for ever."""

    PROCESSED = "processed"
    CONFIRMED = "confirmed"
    FINALIZED = "finalized"


@frozen
class EpochInfo:
    """How far the chain is, as of what is finalized: blocks up to `block_height`, in slots up to `absolute_slot`."""

    block_height: int
    absolute_slot: int


@frozen
class Seen:
    """What a node knows of a signature as of `context_slot`: nothing without a `status`, else whether it failed."""

    status: Commitment | None
    err: object
    context_slot: int


@frozen
class Balance:
    """What an account held of a token, in base units."""

    account: str
    owner: str
    mint: str
    amount: int


@frozen
class Landed:
    """A transaction that a block has: lamports by account, and tokens, before and after it."""

    slot: int
    err: object
    fee: int
    signatures: int
    lamports_before: dict[str, int] = field(repr=False)
    lamports_after: dict[str, int] = field(repr=False)
    tokens_before: Sequence[Balance] = field(repr=False)
    tokens_after: Sequence[Balance] = field(repr=False)
    logs: tuple[str, ...] = field(repr=False)


class Context(msgspec.Struct):
    """As of which slot an answer is."""

    slot: U64


class BlockhashAnswer(msgspec.Struct, rename="camel"):
    """`getLatestBlockhash`'s value."""

    blockhash: Annotated[str, Meta(min_length=32, max_length=44)]
    last_valid_block_height: U64


class EpochAnswer(msgspec.Struct, rename="camel"):
    """`getEpochInfo`'s answer."""

    block_height: U64
    absolute_slot: U64


class StatusAnswer(msgspec.Struct, rename="camel"):
    """One of `getSignatureStatuses`' values."""

    confirmation_status: Commitment | None = None
    err: Any = None
    confirmations: int | None = 0

    @property
    def commitment(self) -> Commitment:
        """Return it; older nodes only count confirmations, and no more once there is no need."""
        counted = Commitment.FINALIZED if self.confirmations is None else Commitment.PROCESSED
        return self.confirmation_status or counted


class AccountAnswer(msgspec.Struct):
    """An account in base64."""

    lamports: U64
    owner: str
    data: tuple[str, str]

    def state(self) -> AccountState:
        """Return it as the judge knows it. Raises VenueUnavailable."""
        try:
            return AccountState(self.lamports, self.owner, b64decode(self.data[0], validate=True))
        except ValueError as error:
            raise VenueUnavailable(NONSENSE) from error


def states(accounts: Sequence[AccountAnswer | None], asked: int) -> tuple[AccountState | None, ...]:
    """Return as many as were asked for. Raises VenueUnavailable."""
    if len(accounts) != asked:
        raise VenueUnavailable(NONSENSE)
    # An account without lamports is none.
    return tuple(each.state() if each is not None and each.lamports else None for each in accounts)


class SimulationAnswer(msgspec.Struct, rename="camel"):
    """`simulateTransaction`'s value. `accounts` are left out when it failed."""

    err: Any = None
    logs: list[str] | None = None
    units_consumed: U64 | None = None
    accounts: list[AccountAnswer | None] | None = None


class _Amount(msgspec.Struct):
    amount: Units


class _TokenBalance(msgspec.Struct, rename="camel"):
    account_index: U64
    mint: str
    ui_token_amount: _Amount
    owner: str


class _Loaded(msgspec.Struct):
    writable: list[str] = []
    readonly: list[str] = []


class _Meta(msgspec.Struct, rename="camel"):
    fee: U64
    pre_balances: list[U64]
    post_balances: list[U64]
    pre_token_balances: list[_TokenBalance]
    post_token_balances: list[_TokenBalance]
    err: Any = None
    log_messages: list[str] | None = None
    loaded_addresses: _Loaded | None = None


class _Message(msgspec.Struct, rename="camel"):
    account_keys: list[str]


class _Transaction(msgspec.Struct):
    message: _Message
    signatures: list[str]


class TransactionAnswer(msgspec.Struct):
    """`getTransaction`'s answer, in JSON."""

    slot: U64
    meta: _Meta
    transaction: _Transaction

    def landed(self, signature: str) -> Landed:
        """Return it. Raises VenueUnavailable for a transaction of another name, or balances of no account."""
        meta, loaded = self.meta, self.meta.loaded_addresses or _Loaded()
        keys = [*self.transaction.message.account_keys, *loaded.writable, *loaded.readonly]
        named = self.transaction.signatures[:1] == [signature]
        if not named or not len(keys) == len(meta.pre_balances) == len(meta.post_balances):
            raise VenueUnavailable(NONSENSE)
        return Landed(
            slot=self.slot,
            err=meta.err,
            fee=meta.fee,
            signatures=len(self.transaction.signatures),
            lamports_before=dict(zip(keys, meta.pre_balances, strict=True)),
            lamports_after=dict(zip(keys, meta.post_balances, strict=True)),
            tokens_before=_balances(meta.pre_token_balances, keys),
            tokens_after=_balances(meta.post_token_balances, keys),
            logs=tuple(meta.log_messages or ()),
        )


def _balances(listed: Sequence[_TokenBalance], keys: Sequence[str]) -> Sequence[Balance]:
    if any(each.account_index >= len(keys) for each in listed):
        raise VenueUnavailable(NONSENSE)
    return tuple(
        Balance(keys[each.account_index], each.owner, each.mint, int(each.ui_token_amount.amount)) for each in listed
    )
