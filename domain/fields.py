"""How the fields of what a client sends are read, each by its rule, and all bad ones reported at once."""

from collections.abc import Callable, Mapping
from typing import Any

from domain.errors import FieldError, unknown_names

# The name on the wire, then the attribute, and what reads its value: it raises ValueError, whose text says the rule.
Readers = Mapping[str, tuple[str, Callable[[object], Any]]]


def optional_fields(body: Mapping[str, object], readers: Readers) -> tuple[dict[str, Any], list[FieldError]]:
    """Return the attributes that were given, and what is wrong, unknown fields included; null means absent."""
    values: dict[str, Any] = {}
    errors: list[FieldError] = []
    for name, (attribute, read) in readers.items():
        if body.get(name) is None:
            continue
        try:
            values[attribute] = read(body[name])
        except ValueError as error:
            errors.append(FieldError(name, str(error)))
    return values, errors + unknown_names([name for name in body if name not in readers], "unknown field", "body")


def flag(value: object) -> bool:
    """Read true or false. Raises ValueError."""
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value
