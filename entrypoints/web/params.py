"""Query parameters: each read by its own rule, and all bad ones reported at once."""

import re
from collections.abc import Mapping

from application.ports.order_store import OrderFilter
from domain.errors import FieldError
from domain.order_request import CONTROL_CHARACTERS, USER_ID_LENGTH
from domain.status import OrderStatus
from entrypoints.web.problems import invalid

LIMIT_MAX = 200
LIMIT_DEFAULT = 50
SEQ_MAX = 2**31 - 1
_DIGITS = re.compile(r"[0-9]+")

Given = Mapping[str, str | list[str]]


class _Bad(ValueError):
    """A parameter's value breaks its rule; the text says which."""


def list_query(given: Given) -> tuple[OrderFilter, str | None, int]:
    """Read filter, cursor and limit of a list. Raises HttpProblem `validation_failed` naming every bad parameter."""
    user_id = status = cursor = None
    limit = LIMIT_DEFAULT
    errors = []
    for name in ("userId", "status", "limit", "cursor"):
        if name not in given:
            continue
        try:
            text = _one(given[name])
            match name:
                case "userId":
                    user_id = _user_id(text)
                case "status":
                    status = _status(text)
                case "limit":
                    limit = _limit(text)
                case _:
                    cursor = text
        except _Bad as error:
            errors.append(FieldError(name, str(error)))
    if errors:
        raise invalid(errors)
    return OrderFilter(user_id, status), cursor, limit


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


def _one(value: str | list[str]) -> str:
    if isinstance(value, list):
        raise _Bad("must be given once")
    if not value.strip():
        raise _Bad("must not be blank")
    return value


def _user_id(text: str) -> str:
    trimmed = text.strip()
    if len(trimmed) > USER_ID_LENGTH:
        raise _Bad(f"must have at most {USER_ID_LENGTH} characters")
    if CONTROL_CHARACTERS.search(trimmed):
        raise _Bad("must not contain control characters")
    return trimmed


def _status(text: str) -> OrderStatus:
    try:
        return OrderStatus(text)
    except ValueError:
        raise _Bad(f"must be one of {', '.join(OrderStatus)}") from None


def _limit(text: str) -> int:
    if not _DIGITS.fullmatch(text) or len(text) > 20 or not 1 <= int(text) <= LIMIT_MAX:
        raise _Bad(f"must be an integer from 1 to {LIMIT_MAX}")
    return int(text)
