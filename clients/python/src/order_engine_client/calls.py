"""The engine's calls: how each is asked, and how its answer is read. Nothing here knows how it is sent."""

import json
import re
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Generic, Required, TypedDict, TypeVar
from urllib.parse import quote

from attrs import evolve, field, frozen

from order_engine_client.models import (
    Accepted,
    CancelledOrders,
    Execution,
    Frame,
    Me,
    Order,
    Page,
    Stats,
    Ticket,
    Token,
)
from order_engine_client.reading import Document, read

PAGE_MOST = 200
_KEY = re.compile(r"[!-~]{1,255}")

T = TypeVar("T")
Query = Mapping[str, str | Sequence[str]]


@frozen
class Call(Generic[T]):
    """One request. `repeatable`: said twice, it does no more than said once."""

    method: str
    path: str
    read: Callable[[Document, Mapping[str, str]], T]
    query: Query = field(factory=dict)
    body: bytes | None = None
    status: int = 200
    repeatable: bool = True
    idempotency_key: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        """Return those that are this call's own."""
        kind = {} if self.body is None else {"Content-Type": "application/json"}
        return kind | ({} if self.idempotency_key is None else {"Idempotency-Key": self.idempotency_key})


class NewOrder(TypedDict, total=False):
    """An order to submit. `amount`: a Decimal, an int or a text in plain digits; a float may not hold what you mean."""

    input_token: Required[str]
    output_token: Required[str]
    amount: Required[Decimal | int | str]
    user_id: Required[str]
    slippage_bps: int | None
    client_order_id: str | None
    idempotency_key: str | None


class OrderFilters(TypedDict, total=False):
    """Which orders to list: all that are so. `since` counts, `until` does not; a client order id is of its user."""

    user_id: str | None
    user_id_prefix: str | None
    client_order_id: str | None
    status: str | Sequence[str] | None
    pair: str | None
    venue: str | None
    since: datetime | None
    until: datetime | None


class ExecutionFilters(TypedDict, total=False):
    """Which executions to list: a user's, from `since` on and before `until`."""

    user_id: str | None
    since: datetime | None
    until: datetime | None


class Unfinished(TypedDict, total=False):
    """Which orders to stop: a user's, of a pair such as SOL/USDC, in a status."""

    user_id: str | None
    pair: str | None
    status: str | None


def submit(order: NewOrder) -> Call[Accepted]:
    """Have an order accepted, once however often it is said: it has a key, its own or a new one.

    Raises ValueError for a key that is none: a new one in its place could make a second order.
    """
    given = order.get("idempotency_key")
    key = str(uuid.uuid4()) if given is None else _key_of(given)
    asked = {name: value for name, value in order.items() if name != "idempotency_key"}

    def accepted(found: Document, headers: Mapping[str, str]) -> Accepted:
        replayed = headers.get("Idempotency-Replayed") == "true"
        return evolve(read(Accepted, found), replayed=replayed, idempotency_key=key)

    return Call("POST", "/api/orders/execute", accepted, body=body_of(asked), status=202, idempotency_key=key)


def order(order_id: str) -> Call[Order]:
    """Read an order."""
    return Call("GET", _path(order_id), one_of(Order))


def events(order_id: str, after_seq: int | None) -> Call[tuple[Frame, ...]]:
    """Read an order's frames so far."""
    return Call("GET", f"{_path(order_id)}/events", all_of(Frame), query_of({"after_seq": after_seq}))


def cancel(order_id: str) -> Call[Order]:
    """Stop an order."""
    return Call("POST", f"{_path(order_id)}/cancel", one_of(Order), status=202, repeatable=False)


def cancel_all(which: Unfinished) -> Call[CancelledOrders]:
    """Stop all orders that are so. To say it again stops those that came meanwhile."""
    return Call("POST", "/api/orders/cancel-all", one_of(CancelledOrders), body=body_of(which), repeatable=False)


def requeue(order_id: str, reason: str | None) -> Call[Order]:
    """Give an order a job, unless it has one."""
    return Call("POST", f"{_path(order_id)}/requeue", one_of(Order), body=body_of({"reason": reason}), status=202)


def revive(order_id: str, reason: str | None) -> Call[Order]:
    """Put an order's dead letter back: said again, there is none any more."""
    body = body_of({"reason": reason})
    return Call("POST", f"{_path(order_id)}/revive", one_of(Order), body=body, status=202, repeatable=False)


def fail(order_id: str, reason: str | None, not_landed: bool | None) -> Call[Order]:
    """End an order; one that failed already stays as it is."""
    body = body_of({"reason": reason, "not_landed": not_landed})
    return Call("POST", f"{_path(order_id)}/fail", one_of(Order), body=body, status=202)


def orders(filters: OrderFilters, limit: int, cursor: str | None) -> Call[Page[Order]]:
    """Read a page of orders."""
    return Call("GET", "/api/orders", page_of(Order), query_of({**filters, "limit": limit, "cursor": cursor}))


def executions(filters: ExecutionFilters, limit: int, cursor: str | None) -> Call[Page[Execution]]:
    """Read a page of executions."""
    return Call("GET", "/api/executions", page_of(Execution), query_of({**filters, "limit": limit, "cursor": cursor}))


def tokens() -> Call[tuple[Token, ...]]:
    """Read the token list."""
    return Call("GET", "/api/tokens", all_of(Token))


def me() -> Call[Me]:
    """Read what the credential allows."""
    return Call("GET", "/api/me", one_of(Me))


def ticket(target: str) -> Call[Ticket]:
    """Get a ticket for a socket."""
    return Call("POST", "/api/ws-tickets", one_of(Ticket), body=body_of({"target": target}))


def stats() -> Call[Stats]:
    """Read how busy the engine is."""
    return Call("GET", "/api/stats", one_of(Stats))


def _key_of(text: str) -> str:
    if not _KEY.fullmatch(text):
        raise ValueError("idempotency_key must be 1 to 255 visible ASCII characters")
    return text


def _path(order_id: str) -> str:
    return f"/api/orders/{quote(order_id, safe='')}"


def one_of(kind: type[T]) -> Callable[[Document, Mapping[str, str]], T]:
    """Return what reads an answer as a `kind`."""
    return lambda found, _: read(kind, found)


def all_of(kind: type[T]) -> Callable[[Document, Mapping[str, str]], tuple[T, ...]]:
    """Return what reads an answer as a list of them."""
    return lambda found, _: _data(kind, found)


def page_of(kind: type[T]) -> Callable[[Document, Mapping[str, str]], Page[T]]:
    """Return what reads an answer as a page of them."""
    return lambda found, _: Page(raw=found, data=_data(kind, found), next_cursor=found.get("nextCursor"))


def _data(kind: type[T], found: Document) -> tuple[T, ...]:
    listed = found.get("data")
    if not isinstance(listed, list):
        raise ValueError("no list")
    return tuple(read(kind, each) for each in listed)


def body_of(given: Mapping[str, Any]) -> bytes:
    """Return a body of what is given."""
    return json.dumps(dict(_on_the_wire(given))).encode()


def query_of(given: Mapping[str, Any]) -> Query:
    """Write a query; of a parameter that may be repeated there may be several values."""
    return {
        name: list(map(str, value)) if isinstance(value, list | tuple) else str(value)
        for name, value in _on_the_wire(given)
    }


def _on_the_wire(given: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    """Yield what is given, named and written as the engine reads it. Raises TypeError for a float."""
    for name, value in given.items():
        first, *rest = name.split("_")
        match value:
            case None:
                continue
            case float():
                raise TypeError(f"{name} must be a Decimal, an int or a text: a float may not hold all its digits")
            case Decimal():
                value = f"{value:f}"
            case datetime():
                value = _instant(name, value)
        yield first + "".join(map(str.capitalize, rest)), value


def _instant(name: str, at: datetime) -> str:
    if at.tzinfo is None:
        raise ValueError(f"{name} must have its time zone")
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
