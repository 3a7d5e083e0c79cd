"""JSON as files and tokens of others are read: one object, whose members are there once."""

import json
from typing import Any, NoReturn


def object_of(raw: bytes) -> dict[str, Any]:
    """Read an object. Raises ValueError for anything else: a member twice at any depth, NaN, no UTF-8, too deep."""
    try:
        value = _decode(raw.decode())
    except RecursionError as error:
        raise ValueError("too deep") from error
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a member twice")
    return value


def _constant(name: str) -> NoReturn:
    raise ValueError(name)


_decode = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_constant).decode
