"""A signed swap, as it is stored before it is sent: the same bytes are all that is ever sent again."""

from functools import cached_property

import msgspec
from attrs import astuple, field, frozen
from solders.signature import Signature
from solders.transaction import VersionedTransaction

from adapters.solana.judge.node import Blockhash
from application.ports.errors import VenueUnavailable
from domain.asset import Asset

_VERSION = 1
_SIGNATURE = slice(1, 65)


@frozen(slots=False)
class SignedSwap:
    """One wallet's swap, in the chain's wire form, and what it takes to find out what became of it.

    It can land up to the block of height `last_valid_height` and never after it, and in no slot before `slot`. Amounts
    are in base units. `genesis` is the hash that names its chain; payloads from before that was kept have none.
    """

    raw: bytes = field(repr=False)
    last_valid_height: int
    slot: int
    input: Asset
    output: Asset
    amount_in: int
    min_out: int
    genesis: str = ""

    @classmethod
    def of(
        cls,
        message: bytes,
        signature: bytes,
        blockhash: Blockhash,
        given: Asset,
        got: Asset,
        amount_in: int,
        min_out: int,
    ) -> "SignedSwap":
        """Put a message and its one signature together."""
        raw = b"\x01" + signature + message
        height, slot, genesis = blockhash.last_valid_height, blockhash.slot, blockhash.genesis
        return cls(raw, height, slot, given, got, amount_in, min_out, genesis)

    @classmethod
    def of_payload(cls, payload: bytes) -> "SignedSwap":
        """Read what `payload` wrote. Raises VenueUnavailable for anything else."""
        try:
            kept = msgspec.msgpack.decode(payload, type=_Kept)
            signed = cls(*msgspec.structs.astuple(kept)[1:])
            if kept.version == _VERSION and signed.wallet:
                return signed
        except (msgspec.DecodeError, ValueError) as error:
            raise VenueUnavailable("was given a swap that cannot be read") from error
        raise VenueUnavailable("was given a swap of another release")

    def payload(self) -> bytes:
        """Return it as a transaction's payload."""
        return msgspec.msgpack.encode(_Kept(_VERSION, *astuple(self, recurse=False)))

    @cached_property
    def signature(self) -> str:
        """The name of the transaction, for ever."""
        return str(Signature.from_bytes(self.raw[_SIGNATURE]))

    @cached_property
    def wallet(self) -> str:
        """Who signed it, and pays for it."""
        return str(VersionedTransaction.from_bytes(self.raw).message.account_keys[0])


class _Kept(msgspec.Struct, array_like=True):
    """The version, and then a swap's fields in their order."""

    version: int
    raw: bytes
    height: int
    slot: int
    input: Asset
    output: Asset
    amount_in: int
    min_out: int
    genesis: str = ""
