"""How a node reads the parameters of a call, and what it says of wrong ones."""

from base64 import b64decode
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import field, frozen
from solders.pubkey import Pubkey

from simulators.solana.decoding import Decoded, Unreadable, decoded
from simulators.solana.node import BEHIND_BY, View

API_VERSION = "3.0.0"
INVALID_PARAMS = -32602
MIN_CONTEXT_SLOT = -32016


class RpcError(Exception):
    """The node answers with this error."""

    def __init__(self, code: int, message: str, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.data = data


@frozen
class Call:
    """One call: what the node sees, and what it is asked: parameters by position, and the last of them, its config."""

    view: View
    params: Sequence[Any]
    config: Mapping[str, Any] = field(factory=dict)

    def text(self, place: int) -> str:
        """Return a parameter that is text. Raises RpcError."""
        found = self.params[place] if place < len(self.params) else None
        if not isinstance(found, str):
            raise RpcError(INVALID_PARAMS, "invalid type: expected a string")
        return found

    def number(self, place: int) -> int:
        """Return a parameter that is a whole number. Raises RpcError."""
        found = self.params[place] if place < len(self.params) else None
        if not isinstance(found, int) or found < 0:
            raise RpcError(INVALID_PARAMS, "invalid type: expected u64")
        return found

    def texts(self, place: int, most: int) -> list[str]:
        """Return a parameter that is a list of texts. Raises RpcError."""
        found = self.params[place] if place < len(self.params) else None
        if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
            raise RpcError(INVALID_PARAMS, "invalid type: expected a sequence")
        if len(found) > most:
            raise RpcError(INVALID_PARAMS, f"Too many inputs provided; max {most}")
        return found

    def key(self, place: int) -> Pubkey:
        """Return a parameter that is an address. Raises RpcError."""
        return key_of(self.text(place))

    def commitment(self, name: str = "commitment") -> str:
        """Return which blocks the call is about: finalized ones unless it says otherwise. Raises RpcError."""
        found = self.config.get(name) or "finalized"
        if found not in BEHIND_BY:
            raise RpcError(INVALID_PARAMS, f"unknown variant `{found}`")
        return str(found)

    def slot(self, name: str = "commitment") -> int:
        """Return the slot that the call is about. Raises RpcError, also when the node has not seen one that it must."""
        slot = self.view.slot(self.commitment(name))
        if slot < (self.config.get("minContextSlot") or 0):
            raise RpcError(MIN_CONTEXT_SLOT, "Minimum context slot has not been reached", {"contextSlot": slot})
        return slot

    def transaction(self, slot: int) -> Decoded:
        """Return the transaction that the first parameter is. Raises RpcError, NoSuchTable."""
        if self.config.get("encoding") != "base64":
            raise RpcError(INVALID_PARAMS, "this node takes transactions as base64 only")
        try:
            raw = b64decode(self.text(0), validate=True)
        except ValueError as error:
            raise RpcError(INVALID_PARAMS, f"invalid base64 encoding: {error}") from error
        try:
            return decoded(raw, lambda key: self.view.chain.account(key, slot))
        except Unreadable as error:
            raise RpcError(INVALID_PARAMS, str(error)) from error

    def answer(self, slot: int, value: Any) -> dict[str, Any]:
        """Return a value with the slot that it is as of."""
        return {"context": {"apiVersion": API_VERSION, "slot": slot}, "value": value}


def key_of(text: str) -> Pubkey:
    """Read an address. Raises RpcError."""
    try:
        return Pubkey.from_string(text)
    except ValueError as error:
        raise RpcError(INVALID_PARAMS, "Invalid param: Invalid") from error
