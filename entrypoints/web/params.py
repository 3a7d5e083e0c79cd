"""Query parameters: each read by its own rule, and all bad ones reported at once."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from application.ports.executions import ExecutionFilter
from application.ports.order_store import OrderFilter
from domain.errors import FieldError, unknown_names
from domain.names import BadName, name_of
from domain.order_request import USER_ID_LENGTH
from domain.status import OrderStatus
from entrypoints.web.problems import invalid

LIMIT_MAX = 200
LIMIT_DEFAULT = 50
SEQ_MAX = 2**31 - 1
_DIGITS = re.compile(r"[0-9]+")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})")

Given = Mapping[str, str | list[str]]
Rules = Mapping[str, Callable[[str], Any]]


class _Bad(ValueError):
    """A parameter's value breaks its rule; the text says which."""


def list_query(given: Given) -> tuple[OrderFilter, str | None, int]:
    """Read filter, cursor and limit of a list. Raises HttpProblem `validation_failed` naming every bad parameter."""
    values, errors = _read(given, {"userId": _user_id, "status": _status, "limit": _limit, "cursor": str})
    if errors:
        raise invalid(errors)
    return OrderFilter(values["userId"], values["status"]), values["cursor"], values["limit"] or LIMIT_DEFAULT


def execution_query(given: Given) -> tuple[ExecutionFilter, str | None, int]:
    """Read filter, cursor and limit of a list of executions. Raises HttpProblem, for unknown parameters too."""
    rules: Rules = {"userId": _user_id, "since": _time, "until": _time, "limit": _limit, "cursor": str}
    values, errors = _read(given, rules)
    errors += unknown_names([name for name in given if name not in rules], "is not a parameter of this list", "query")
    if errors:
        raise invalid(errors)
    wanted = ExecutionFilter(values["userId"], values["since"], values["until"])
    return wanted, values["cursor"], values["limit"] or LIMIT_DEFAULT


def after_seq(given: Given) -> int | None:
    """Read `afterSeq`; None when it is absent. Raises HttpProblem `validation_failed`."""
    if "afterSeq" not in given:
        return None
    try:
        text = _one(given["afterSeq"])
        if not _DIGITS.fullmatch(text):
            raise _Bad("must be an integer of 0 or more")
    except _Bad as error:
        raise invalid([FieldError("afterSeq", str(error))]) from None
    # No order has so many events: beyond this all numbers mean the same, and the store's integers end here.
    return min(int(text), SEQ_MAX) if len(text) < 20 else SEQ_MAX


def feed_user(given: Given) -> str | None:
    """Read a live feed's `userId`; None when it is absent. Raises HttpProblem, also for `afterSeq`."""
    errors = []
    user_id = None
    if "afterSeq" in given:
        errors.append(FieldError("afterSeq", "means nothing here: nothing is repeated"))
    if "userId" in given:
        try:
            user_id = _user_id(_one(given["userId"]))
        except _Bad as error:
            errors.append(FieldError("userId", str(error)))
    if errors:
        raise invalid(errors)
    return user_id


def _read(given: Given, rules: Rules) -> tuple[dict[str, Any], list[FieldError]]:
    """Read each parameter by its rule, an absent one as None; return the bad ones apart."""
    values: dict[str, Any] = dict.fromkeys(rules)
    errors = []
    for name, rule in rules.items():
        try:
            values[name] = rule(_one(given[name])) if name in given else None
        except _Bad as error:
            errors.append(FieldError(name, str(error)))
    return values, errors


def _one(value: str | list[str]) -> str:
    if isinstance(value, list):
        raise _Bad("must be given once")
    if not value.strip():
        raise _Bad("must not be blank")
    return value


def _user_id(text: str) -> str:
    try:
        return name_of(text, USER_ID_LENGTH)
    except BadName as error:
        raise _Bad(str(error)) from None


def _status(text: str) -> OrderStatus:
    try:
        return OrderStatus(text)
    except ValueError:
        raise _Bad(f"must be one of {', '.join(OrderStatus)}") from None


def _limit(text: str) -> int:
    if not _DIGITS.fullmatch(text) or len(text) > 20 or not 1 <= int(text) <= LIMIT_MAX:
        raise _Bad(f"must be an integer from 1 to {LIMIT_MAX}")
    return int(text)


def _time(text: str) -> datetime:
    try:
        if _TIME.fullmatch(text):
            return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):  # no such day, hour or zone; or not within the years 1 to 9999 in UTC
        pass
    raise _Bad("must be an RFC 3339 time with a zone, such as 2026-01-02T03:04:05Z")
