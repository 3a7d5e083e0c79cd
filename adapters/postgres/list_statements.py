"""The SQL that lists orders newest first: of each filter's orders no more is read than a stretch of them."""

from collections.abc import Sequence
from typing import Any, Final

from attrs import define, field

from adapters.postgres.statements import LISTED
from adapters.postgres.times import stored
from adapters.postgres.unfinished import BELOW_THE_FLOOR, FROM_THE_FLOOR, KNOWN
from application.ports.order_store import OrderFilter
from domain.status import RESTING, RUNNABLE, OrderStatus

_ALL: Final = "SELECT true, false, {order} FROM orders AS o WHERE true{range} ORDER BY id DESC LIMIT %s"
# A user's orders, which lie far from each other, are bounded in their index first and then read together.
_ALL_OF_USER: Final = """
SELECT true, false, {order} FROM (
    SELECT min(user_id) AS user_id, min(id) AS lowest, max(id) AS highest
    FROM (SELECT user_id, id FROM orders WHERE user_id = %s{range} ORDER BY id DESC LIMIT %s) AS newest
) AS page, orders_of_user(page.user_id, page.lowest, page.highest) AS o
ORDER BY o.id DESC
"""
_AMONG: Final = """
SELECT found, stops, {order} FROM (
    SELECT *, {wanted} AS found, row_number() OVER (ORDER BY id DESC) = {stretch} AS stops
    FROM ({among}) AS looked_through
) AS o
WHERE found OR stops
ORDER BY id DESC
LIMIT %s
"""
_PART: Final = "SELECT * FROM orders WHERE {which}{range} ORDER BY id DESC LIMIT {stretch}"
# By whether a user's list is asked for: then another's order is no place to start after.
START: Final = {
    False: "SELECT id FROM orders WHERE order_id = %s",
    True: "SELECT id FROM orders WHERE order_id = %s AND user_id = %s",
}
_FAILED: Final = "finished_at IS NOT NULL AND (reason_code IS NOT NULL OR execution_price IS NULL)"
_AT_REST: Final = "resting AND finished_at IS NULL"
# The words that choose a partial index (migrations 0006 and 0009), by statuses and whether a user's orders are wanted.
_INDEXED: Final = {
    (frozenset({OrderStatus.FAILED}), False): _FAILED,
    (frozenset({OrderStatus.FAILED}), True): _FAILED,
    (RESTING, False): _AT_REST,
    (RESTING, True): "resting",
}
# Times rise with ids, so a range of time is a range of ids: what is outside is not read. As for executions, clocks may
# be away from the truth by half of it.
_SLACK: Final = "interval '10 minutes'"
_NEWER: Final = f"newer AS (SELECT orders_from(%s::timestamp + {_SLACK}) AS id)"
_OLDER: Final = f"older AS (SELECT orders_from(%s::timestamp - {_SLACK}) AS id)"


@define
class _Sql:
    """A part of a statement with its parameters, and what is put in their place."""

    text: str = ""
    params: list[Any] = field(factory=list)

    def add(self, text: str, *params: Any) -> None:
        self.text += text
        self.params += params


def among_everyones(query: OrderFilter) -> bool:
    """Whether a list is looked for among everyone's unfinished orders, though it may be one user's."""
    are_unfinished = query.statuses <= RUNNABLE | RESTING and not query.statuses <= RESTING
    return are_unfinished and query.client_order_id is None


def list_orders(
    query: OrderFilter, after: Sequence[str], limit: int, stretch: int, *, among_own: bool = False
) -> tuple[str, list[Any]]:
    """List orders newest first, from the order that `after` names on (START's parameters): found, stops, the order.

    With a filter that no index answers, the search ends after `stretch` orders at the latest; the one at which it does
    `stops`, and may not be `found`. Where there is an index of what is wanted, all that is looked through is found.
    Unfinished orders are looked for among everyone's; or, as a user's confirmed ones are, `among_own`.
    """
    unfinished = among_everyones(query) and not among_own
    known, bounds = _range(query, after)
    wanted = _wanted(query, by_user=unfinished and query.user_id is not None)
    if unfinished:
        known.text = f"{KNOWN}, {known.text}" if known.text else KNOWN
        body, params = _AMONG.replace("{among}", _unfinished(query.statuses)), wanted.params
    elif wanted.text or query.client_order_id is not None:
        among = _among_own(query) if query.user_id is not None else _Sql(_INDEXED.get((query.statuses, False), "true"))
        body = _AMONG.replace("{among}", _PART.replace("{which}", among.text))
        params = [*wanted.params, *among.params]
    else:
        body = _ALL if query.user_id is None else _ALL_OF_USER
        params = [] if query.user_id is None else [query.user_id]
    body = body.replace("{wanted}", wanted.text or "true").replace("{range}", bounds)
    body = body.replace("{stretch}", str(stretch)).replace("{order}", LISTED)
    return f"WITH {known.text}{body}" if known.text else body, [*known.params, *params, limit]


def _range(query: OrderFilter, after: Sequence[str]) -> tuple[_Sql, str]:
    """Return what is to be known first, and the range of ids that follows from it."""
    known, bounds = _Sql(), ""
    parts: list[tuple[bool, str, Sequence[Any], str]] = [
        (bool(after), f"start AS ({START[query.user_id is not None]})", after, " AND id < (SELECT id FROM start)"),
        (query.until is not None, _NEWER, (stored(query.until),), " AND id < (SELECT id FROM newer)"),
        (query.since is not None, _OLDER, (stored(query.since),), " AND id >= (SELECT id FROM older)"),
    ]
    for given, text, params, bound in parts:
        if given:
            known.add(f", {text}" if known.text else text, *params)
            bounds += bound
    return known, bounds


def _wanted(query: OrderFilter, *, by_user: bool) -> _Sql:
    """Return the condition of each order that is looked at; empty for none."""
    conditions: list[tuple[bool, str, Any]] = [
        (bool(query.statuses), "status = ANY(%s::text[])", sorted(status.value for status in query.statuses)),
        (by_user, "user_id = %s", query.user_id),
        (query.user_id is None and query.client_order_id is not None, "client_order_id = %s", query.client_order_id),
        (query.user_prefix is not None, "starts_with(user_id, %s)", query.user_prefix),
        (query.pair is not None, "input_token || '/' || output_token = %s", query.pair),
        (query.venue is not None, "chosen_dex = %s", query.venue),
        (query.since is not None, "created_at >= %s", stored(query.since)),
        (query.until is not None, "created_at < %s", stored(query.until)),
    ]
    sql = _Sql()
    for given, text, param in conditions:
        if given:
            sql.add(f" AND {text}" if sql.text else text, param)
    return sql


def _unfinished(statuses: frozenset[OrderStatus]) -> str:
    parts = [FROM_THE_FLOOR, BELOW_THE_FLOOR, *([_AT_REST] if statuses >= RESTING else [])]
    together = " UNION ALL ".join(f"({_PART})".replace("{which}", which) for which in parts)
    return f"{together} ORDER BY id DESC LIMIT {{stretch}}"


def _among_own(query: OrderFilter) -> _Sql:
    own = _Sql(_INDEXED.get((query.statuses, True), "true"))
    own.add(" AND user_id = %s", query.user_id)
    if query.client_order_id is not None:
        own.add(" AND client_order_id = %s", query.client_order_id)
    return own
