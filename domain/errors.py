"""The domain's errors, each with a code that never changes."""

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


class ValidationFailed(DomainError):
    """A request breaks the rules; `errors` has one entry for every bad field."""

    code = "validation_failed"

    def __init__(self, errors: tuple[FieldError, ...]) -> None:
        super().__init__("; ".join(f"{e.field}: {e.message}" for e in errors))
        self.errors = errors


class InvalidAmount(DomainError):
    """An amount is not positive, too precise or too large; the text says which."""

    code = "invalid_amount"


class IllegalTransition(DomainError):
    """An order in this state cannot take this event; nothing was changed."""

    code = "illegal_transition"
