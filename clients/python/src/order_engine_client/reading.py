"""Reads the engine's JSON into typed values: camelCase to snake_case, decimals exactly, times with their zone."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from attrs import NOTHING, fields, has

Document = dict[str, Any]
T = TypeVar("T")
_Read = Callable[[Any], Any]


def document(content: str | bytes) -> Document:
    """Parse a JSON object; numbers become ints and Decimals, as they were written. Raises ValueError."""
    try:
        found = json.loads(content, parse_float=Decimal)
    except RecursionError as error:
        raise ValueError("JSON that is too deep") from error
    if not isinstance(found, dict):
        raise ValueError("no JSON object")
    return found


def read(kind: type[T], found: object) -> T:
    """Return what a document says as a `kind`, one of the models; fields that it does not know stay in `raw`.

    Raises ValueError when a field is missing that always comes, or is not what it should be.
    """
    if not isinstance(found, dict):
        raise ValueError(f"no {kind.__name__}")
    values: dict[str, Any] = {"raw": found}
    for name, key, reader, required in _plan(kind):  # type: ignore[arg-type] # a class is hashable
        if key in found:
            values[name] = reader(found[key])
        elif required:
            raise ValueError(f"{kind.__name__} lacks {key}")
    return kind(**values)


@lru_cache(maxsize=64)
def _plan(kind: type) -> list[tuple[str, str, _Read, bool]]:
    """List a model's fields: name here, name on the wire, how its value is read, whether it always comes."""
    types = get_type_hints(kind)
    known = (each for each in fields(kind) if each.name != "raw")
    return [(each.name, _camel(each.name), _reader(types[each.name]), each.default is NOTHING) for each in known]


def _reader(kind: Any) -> _Read:
    """Return what reads a value of this type."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        reader = _reader(next(each for each in inner if each is not NoneType))
        return lambda value: None if value is None else reader(value)
    if origin is tuple:
        return _tuple_of(_reader(inner[0]))
    if origin is not None:
        return _mapping_of(_reader(inner[1]))
    if has(kind):
        return lambda value: read(kind, value)
    return {Decimal: _decimal, datetime: _time}.get(kind) or _plain(kind)


def _tuple_of(reader: _Read) -> _Read:
    def values(value: Any) -> tuple[Any, ...]:
        return tuple(map(reader, _plain(list)(value)))

    return values


def _mapping_of(reader: _Read) -> _Read:
    def values(value: Any) -> Mapping[str, Any]:
        return {name: reader(each) for name, each in _plain(dict)(value).items()}

    return values


def _plain(kind: type) -> _Read:
    def same(value: Any) -> Any:
        if type(value) is not kind:
            raise ValueError(f"{value!r:.40} is no {kind.__name__}")
        return value

    return same


def _decimal(value: Any) -> Decimal:
    """Read a number, or a text where decimals were asked for as such."""
    if isinstance(value, Decimal):
        return value
    if type(value) is int:
        return Decimal(value)
    try:
        return Decimal(_plain(str)(value))
    except ArithmeticError as error:
        raise ValueError(f"{value!r:.40} is no number") from error


def _time(value: Any) -> datetime:
    return datetime.fromisoformat(_plain(str)(value))


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(map(str.capitalize, rest))
