"""The domain's errors, each with a code that never changes."""

from collections.abc import Sequence
from typing import ClassVar

from attrs import frozen


class DomainError(Exception):
    """Something the domain's rules refuse; `code` is stable and safe to show."""

    code: ClassVar[str] = "domain_error"


@frozen
class FieldError:
    """One thing wrong with one field; `field` is its name on the wire."""

    field: str
    message: str


_NAMED_MOST, _LETTERS_MOST = 8, 40


def unknown_names(names: Sequence[str], message: str, whole: str) -> list[FieldError]:
    """Return an entry for each name that means nothing; of many, and of long ones, only the beginning.

    What is left out is counted in an entry of the `whole` that they were found in: an answer says no more than it must
    of what it was sent.
    """
    named = [FieldError(_shortened(name), message) for name in names[:_NAMED_MOST]]
    if more := len(names) - len(named):
        named.append(FieldError(whole, f"and {more} more: {message}"))
    return named


def _shortened(name: str) -> str:
    return name if len(name) <= _LETTERS_MOST else f"{name[:_LETTERS_MOST]}\N{HORIZONTAL ELLIPSIS}"


class ValidationFailed(DomainError):
    """A request breaks the rules; `errors` has one entry for every bad field."""

    code = "validation_failed"

    def __init__(self, errors: tuple[FieldError, ...]) -> None:
        super().__init__("; ".join(f"{e.field}: {e.message}" for e in errors))
        self.errors = errors


class InvalidAmount(DomainError):
    """An amount is not positive, too precise or too large; the text says which."""

    code = "invalid_amount"


class UnknownToken(DomainError):
    """No token of the list has this symbol or address; the text names it."""

    code = "unknown_token"


class AmbiguousToken(DomainError):
    """Several tokens of the list have this symbol; the text names it."""

    code = "ambiguous_token"


class IllegalTransition(DomainError):
    """An order in this state cannot take this event; nothing was changed."""

    code = "illegal_transition"
