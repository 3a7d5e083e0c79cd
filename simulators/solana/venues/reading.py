"""How the venues read what they are asked."""

from typing import TypeVar

from falcon.asgi import Request
from solders.pubkey import Pubkey

MOST = 2**64 - 1
Value = TypeVar("Value")


class Refused(Exception):
    """The venue answers that it will not, in its own words: they are the message."""


def needed(value: Value | None, refusal: str) -> Value:
    """Return a value that was read. Raises Refused when there is none."""
    if value is None:
        raise Refused(refusal)
    return value


def address_of(text: object) -> Pubkey | None:
    """Read an address; None when it is none."""
    try:
        return Pubkey.from_string(text) if isinstance(text, str) else None
    except ValueError:
        return None


def whole(text: object, least: int, most: int = MOST) -> int | None:
    """Read a whole number in plain digits within bounds; None when it is none."""
    if isinstance(text, str) and text.isascii() and text.isdigit() and len(text) <= 20 and least <= int(text) <= most:
        return int(text)
    return None


def param(req: Request, name: str) -> str | None:
    """Return a query parameter as it is, commas and all."""
    found = req.params.get(name)
    return ",".join(found) if isinstance(found, list) else found
