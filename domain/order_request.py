"""What a client may ask for: every rule for an order's fields, checked together."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from attrs import frozen

from domain.errors import FieldError, InvalidAmount, ValidationFailed, unknown_names
from domain.money import amount, amount_of_text
from domain.names import BadName, name_of, same_name

TOKEN_LENGTH = 50
USER_ID_LENGTH = 255
SLIPPAGE_BPS_MAX = 10_000
_CLIENT_ORDER_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")


@frozen
class OrderRequest:
    """A valid request: names as `name_of` keeps them, amount exact (token units), slippage in basis points or None."""

    input_token: str
    output_token: str
    amount: Decimal
    user_id: str
    client_order_id: str | None = None
    slippage_bps: int | None = None

    @classmethod
    def parse(cls, body: Mapping[str, object]) -> "OrderRequest":
        """Read a request as it came over the wire: JSON numbers as int or Decimal, camelCase names.

        None for an optional field means that it is absent, as generated clients send it.
        Raises ValidationFailed with one entry for every bad field, unknown fields included (of many, the first few).
        """
        values: dict[str, Any] = {}
        errors: list[FieldError] = []
        unknown: list[str] = []
        for name, value in body.items():
            if name not in _FIELDS:
                unknown.append(name)
                continue
            if value is None and name not in _REQUIRED:
                continue
            attribute, read = _FIELDS[name]
            try:
                values[attribute] = read(value)
            except (_Bad, BadName, InvalidAmount) as error:
                errors.append(FieldError(name, str(error)))
        if unknown:
            errors += unknown_names(unknown, "unknown field", "body")
        errors += [FieldError(name, "is required") for name in _REQUIRED if name not in body]
        sold, bought = values.get("input_token"), values.get("output_token")
        if sold and bought and same_name(sold, bought):
            errors.append(FieldError("outputToken", "must differ from inputToken"))
        if errors:
            raise ValidationFailed(tuple(errors))
        return cls(**values)


class _Bad(ValueError):
    """A field's value breaks its rule; the text says which."""


def _name(longest: int) -> Callable[[object], str]:
    def read(value: object) -> str:
        if not isinstance(value, str):
            raise _Bad("must be a string")
        return name_of(value, longest)

    return read


def _amount(value: object) -> Decimal:
    if isinstance(value, str):
        return amount_of_text(value)
    if isinstance(value, bool) or not isinstance(value, _NUMBERS):
        raise _Bad("must be a number")
    return amount(Decimal(value))


def _slippage_bps(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _Bad("must be an integer")
    if not 0 <= value <= SLIPPAGE_BPS_MAX:
        raise _Bad(f"must be from 0 to {SLIPPAGE_BPS_MAX}")
    return value


def _client_order_id(value: object) -> str:
    trimmed = value.strip() if isinstance(value, str) else value
    if not isinstance(trimmed, str) or not _CLIENT_ORDER_ID.fullmatch(trimmed):
        raise _Bad("must be 1 to 64 characters of A-Z a-z 0-9 . _ : -")
    return trimmed


def pair(value: object) -> str:
    """Read both tokens of orders, such as SOL/USDC. Raises ValueError."""
    if isinstance(value, str) and "/" in value.strip()[1:-1]:
        return name_of(value, 2 * TOKEN_LENGTH + 1)
    raise ValueError("must be two tokens, such as SOL/USDC")


# These read a value as orders have it. They raise ValueError, whose text says which rule it breaks.
user_id: Callable[[object], str] = _name(USER_ID_LENGTH)
client_order_id: Callable[[object], str] = _client_order_id

_NUMBERS = (int, Decimal)
# wire name -> attribute, how it is read
_FIELDS: Mapping[str, tuple[str, Callable[[object], Any]]] = {
    "inputToken": ("input_token", _name(TOKEN_LENGTH)),
    "outputToken": ("output_token", _name(TOKEN_LENGTH)),
    "amount": ("amount", _amount),
    "userId": ("user_id", user_id),
    "clientOrderId": ("client_order_id", _client_order_id),
    "slippageBps": ("slippage_bps", _slippage_bps),
}
_REQUIRED = ("inputToken", "outputToken", "amount", "userId")
