"""Query parameters: each read by its own rule, and all bad ones reported at once."""

import re
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from functools import partial
from types import MappingProxyType
from typing import Any

from application.ports.executions import ExecutionFilter
from application.ports.order_store import OrderFilter
from domain.errors import FieldError, unknown_names
from domain.names import name_of
from domain.order_request import client_order_id, pair, user_id
from domain.status import OrderStatus
from entrypoints.web.problems import invalid

LIMIT_MAX = 200
LIMIT_DEFAULT = 50
SEQ_MAX = 2**31 - 1
VENUE_LENGTH = 255
_DIGITS = re.compile(r"[0-9]+")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})")

Given = Mapping[str, str | list[str]]
Rules = Mapping[str, Callable[[str], Any]]


def list_query(given: Given) -> tuple[OrderFilter, str | None, int]:
    """Read filter, cursor and limit of a list. Raises HttpProblem `validation_failed` naming every bad parameter."""
    values = _read(given, _OF_ORDERS)
    wanted = {attribute: values[name] for name, attribute in _ORDER_FILTERS.items() if values[name] is not None}
    return OrderFilter(**wanted), values["cursor"], values["limit"] or LIMIT_DEFAULT


def execution_query(given: Given) -> tuple[ExecutionFilter, str | None, int]:
    """Read filter, cursor and limit of a list of executions. Raises HttpProblem."""
    values = _read(given, _OF_LISTS)
    wanted = ExecutionFilter(values["userId"], values["since"], values["until"])
    return wanted, values["cursor"], values["limit"] or LIMIT_DEFAULT


def webhooks_query(given: Given) -> str | None:
    """Read whose webhooks a list shows; None when nobody is named. Raises HttpProblem."""
    wanted: str | None = _read(given, {"userId": user_id})["userId"]
    return wanted


def deliveries_query(given: Given) -> tuple[int | None, int]:
    """Read cursor and limit of a list of deliveries. Raises HttpProblem."""
    values = _read(given, {"limit": _limit, "cursor": _number})
    return values["cursor"], values["limit"] or LIMIT_DEFAULT


def time_of(value: object) -> datetime:
    """Read a time in a body. Raises ValueError, whose text says how times are written."""
    return _time(value if isinstance(value, str) else "")


def after_seq(given: Given) -> int | None:
    """Read `afterSeq`; None when it is absent. Raises HttpProblem."""
    seq: int | None = _read(given, {"afterSeq": _seq})["afterSeq"]
    return seq


def order_socket(given: Given) -> tuple[int | None, bool]:
    """Read `afterSeq` of an order's socket, and whether its decimals are strings. Raises HttpProblem."""
    values = _read(given, {"afterSeq": _seq, **_OF_SOCKETS})
    return values["afterSeq"], values["decimals"] or False


def posted_order_socket(given: Given) -> tuple[str, int | None, bool]:
    """Read `orderId` too, of an order's socket where orders are posted to. Raises HttpProblem."""
    values = _read(given, {"orderId": str, "afterSeq": _seq, **_OF_SOCKETS})
    if values["orderId"] is None:
        raise invalid([FieldError("orderId", "is required")])
    return values["orderId"], values["afterSeq"], values["decimals"] or False


def feed_socket(given: Given) -> tuple[str | None, bool]:
    """Read `userId` of a live feed, and whether its decimals are strings. Raises HttpProblem, also for `afterSeq`."""
    values = _read(given, {"userId": user_id, "afterSeq": _nothing_repeated, **_OF_SOCKETS})
    return values["userId"], values["decimals"] or False


def unknown(given: Given, known: Collection[str] = ()) -> list[FieldError]:
    """Return what is wrong with parameters that mean nothing where they were given."""
    return unknown_names([name for name in given if name not in known], "is not a parameter here", "query")


def refuse(given: Given) -> None:
    """Raise HttpProblem for parameters where there are none."""
    if errors := unknown(given):
        raise invalid(errors)


def _read(given: Given, rules: Rules) -> dict[str, Any]:
    """Read each parameter by its rule, an absent one as None. Raises HttpProblem naming all that are bad or unknown."""
    values: dict[str, Any] = dict.fromkeys(rules)
    errors = []
    for name, rule in rules.items():
        try:
            if name in given:
                values[name] = _several(rule, given[name]) if name in _REPEATED else rule(_one(given[name]))
        except ValueError as error:
            errors.append(FieldError(name, str(error)))
    if errors := [*errors, *unknown(given, rules)]:
        raise invalid(errors)
    return values


def _one(value: str | list[str]) -> str:
    if isinstance(value, list):
        raise ValueError("must be given once")
    if not value.strip():
        raise ValueError("must not be blank")
    return value


def _several(rule: Callable[[str], Any], value: str | list[str]) -> frozenset[Any]:
    return frozenset(rule(_one(each)) for each in (value if isinstance(value, list) else [value]))


def _status(text: str) -> OrderStatus:
    try:
        return OrderStatus(text)
    except ValueError:
        raise ValueError(f"must be one of {', '.join(OrderStatus)}") from None


def _limit(text: str) -> int:
    if not _DIGITS.fullmatch(text) or len(text) > 20 or not 1 <= int(text) <= LIMIT_MAX:
        raise ValueError(f"must be an integer from 1 to {LIMIT_MAX}")
    return int(text)


def _number(text: str) -> int:
    if not _DIGITS.fullmatch(text) or len(text) > 18:
        raise ValueError("must be a nextCursor of this list")
    return int(text)


def _time(text: str) -> datetime:
    try:
        if _TIME.fullmatch(text):
            return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):  # no such day, hour or zone; or not within the years 1 to 9999 in UTC
        pass
    raise ValueError("must be an RFC 3339 time with a zone, such as 2026-01-02T03:04:05Z")


def _seq(text: str) -> int:
    if not _DIGITS.fullmatch(text):
        raise ValueError("must be an integer of 0 or more")
    # No order has so many events: beyond this all numbers mean the same, and the store's integers end here.
    return min(int(text), SEQ_MAX) if len(text) < 20 else SEQ_MAX


def _nothing_repeated(_: str) -> None:
    raise ValueError("means nothing here: nothing is repeated")


def _decimals(text: str) -> bool:
    if text not in ("string", "number"):
        raise ValueError("must be string or number")
    return text == "string"


_REPEATED = frozenset({"status"})  # of these any of several is wanted
_OF_LISTS: Rules = MappingProxyType({"userId": user_id, "since": _time, "until": _time, "limit": _limit, "cursor": str})
_OF_ORDERS: Rules = MappingProxyType(
    {
        **_OF_LISTS,
        "userIdPrefix": user_id,
        "clientOrderId": client_order_id,
        "status": _status,
        "pair": pair,
        "venue": partial(name_of, longest=VENUE_LENGTH),
    }
)
_ORDER_FILTERS: Mapping[str, str] = MappingProxyType(
    {
        "userId": "user_id",
        "userIdPrefix": "user_prefix",
        "clientOrderId": "client_order_id",
        "status": "statuses",
        "pair": "pair",
        "venue": "venue",
        "since": "since",
        "until": "until",
    }
)
_OF_SOCKETS: Rules = MappingProxyType({"decimals": _decimals, "ticket": str})  # the ticket has been redeemed before
