"""Lists of orders, newest first, in pages that cost no more however many orders there are."""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, Final

from adapters.cursor import cursor_after, order_id_of
from adapters.postgres.connection import Rows
from adapters.postgres.read_pool import ReadPool
from adapters.postgres.rows import read_or_refuse
from adapters.postgres.statements import LISTED
from adapters.postgres.unfinished import BELOW_THE_FLOOR, FROM_THE_FLOOR, KNOWN
from application import observe
from application.ports.errors import InvalidCursor, UnreadableOrder
from application.ports.order_store import OrderFilter, OrderPage, UnfinishedFilter, UnfinishedPage
from domain.order import Order
from domain.status import RUNNABLE, OrderStatus

# So many orders a list by status looks through for one page: 10 ms, or 0.2 s where each is on a page of the disk of its
# own, so that twenty such lists at once wait for no longer than a call may take.
STRETCH = 3_000

_ALL: Final = "SELECT true, false, {order} FROM orders AS o WHERE true{before} ORDER BY id DESC LIMIT %s"
# A user's orders, which lie far from each other, are bounded in their index first and then read together.
_ALL_OF_USER: Final = """
SELECT true, false, {order} FROM (
    SELECT min(user_id) AS user_id, min(id) AS lowest, max(id) AS highest
    FROM (SELECT user_id, id FROM orders WHERE user_id = %s{before} ORDER BY id DESC LIMIT %s) AS newest
) AS page, orders_of_user(page.user_id, page.lowest, page.highest) AS o
ORDER BY o.id DESC
"""
_AMONG: Final = """
SELECT found, stops, {order} FROM (
    SELECT *, {wanted} AS found, row_number() OVER (ORDER BY id DESC) = {stretch} AS stops
    FROM ({among} ORDER BY id DESC LIMIT {stretch}) AS looked_through
) AS o
WHERE found OR stops
ORDER BY id DESC
LIMIT %s
"""
_UNFINISHED: Final = """
    (SELECT * FROM orders WHERE {from}{before} ORDER BY id DESC LIMIT {stretch})
    UNION ALL
    (SELECT * FROM orders WHERE {below}{before} ORDER BY id DESC LIMIT {stretch})
""".replace("{from}", FROM_THE_FLOOR).replace("{below}", BELOW_THE_FLOOR)
# By whether a user's list is asked for: then another's order is no place to start after.
_START: Final = {
    False: "SELECT id FROM orders WHERE order_id = %s",
    True: "SELECT id FROM orders WHERE order_id = %s AND user_id = %s",
}
_FAILED: Final = "finished_at IS NOT NULL AND (reason_code IS NOT NULL OR execution_price IS NULL)"
# The words that choose a partial index (migrations 0006 and 0009), by status and whether a user's orders are wanted.
_INDEXED: Final = {
    (OrderStatus.FAILED, False): _FAILED,
    (OrderStatus.FAILED, True): _FAILED,
    (OrderStatus.RESTING, False): "resting AND finished_at IS NULL",
    (OrderStatus.RESTING, True): "resting",
}


def statement(*, by_user: bool, status: OrderStatus | None, after: bool, stretch: int, among_own: bool = False) -> str:
    """List orders newest first. ([order to start after], [status], [user id], limit): found, stops, the order.

    The order to start after comes as its id, in a user's list with the user id.
    With a status, the search ends after `stretch` orders at the latest; the one at which it does `stops`, and may not
    be `found`. Where there is an index of what is wanted, all that is looked through is found. Unfinished orders are
    looked for among everyone's; or, as a user's confirmed ones are, `among_own`.
    """
    known = [f"start AS ({_START[by_user]})"] if after else []
    if status is None:
        query = _ALL_OF_USER if by_user else _ALL
    elif status in RUNNABLE and not among_own:
        known.append(KNOWN)
        wanted = "status = %s AND user_id = %s" if by_user else "status = %s"
        query = _AMONG.replace("{wanted}", wanted).replace("{among}", _UNFINISHED)
    else:
        which = _INDEXED.get((status, by_user), "true") + (" AND user_id = %s" if by_user else "")
        among = "SELECT * FROM orders WHERE {which}{before}".replace("{which}", which)
        query = _AMONG.replace("{wanted}", "status = %s").replace("{among}", among)
    query = query.replace("{before}", " AND id < (SELECT id FROM start)" if after else "")
    query = query.replace("{stretch}", str(stretch)).replace("{order}", LISTED)
    return f"WITH {', '.join(known)}{query}" if known else query


# Look through unfinished orders, oldest first. (order to start after or NULL; twice each, or NULL: user id, pair,
# status, venue; 4 times the limit): found, the order; of one that is not wanted the id alone counts.
UNFINISHED: Final = (
    """
WITH {known}, start AS (SELECT coalesce((SELECT id FROM orders WHERE order_id = %s::text), 0) AS id)
SELECT (%s::text IS NULL OR user_id = %s) AND (%s::text IS NULL OR input_token || '/' || output_token = %s)
    AND (%s::text IS NULL OR status = %s) AND (%s::text IS NULL OR chosen_dex = %s), {order}
FROM (
    (SELECT * FROM orders WHERE {below}{after} ORDER BY id LIMIT %s)
    UNION ALL
    (SELECT * FROM orders WHERE {from}{after} ORDER BY id LIMIT %s)
    UNION ALL
    (SELECT * FROM orders WHERE resting AND finished_at IS NULL{after} ORDER BY id LIMIT %s)
) AS o
ORDER BY o.id
LIMIT %s
""".replace("{after}", " AND id > (SELECT id FROM start)")
    .replace("{known}", KNOWN)
    .replace("{below}", BELOW_THE_FLOOR)
    .replace("{from}", FROM_THE_FLOOR)
    .replace("{order}", LISTED)
)


async def find_unfinished(reads: ReadPool, wanted: UnfinishedFilter, after: str | None, limit: int) -> UnfinishedPage:
    """Return a page of unfinished orders."""
    filters = (wanted.user_id, wanted.pair, wanted.status, wanted.venue)
    rows = await reads.run(UNFINISHED, (after, *(value for each in filters for value in (each, each)), *(4 * [limit])))
    orders = _readable((order_id, *row) for found, order_id, *row in rows if found)
    return UnfinishedPage(orders, rows[-1][1] if len(rows) == limit else None)


def _readable(rows: Iterable[Sequence[Any]]) -> tuple[Order, ...]:
    """Return the orders of these rows, but for those that cannot be read."""
    orders = []
    for row in rows:
        order = read_or_refuse(row)
        if isinstance(order, UnreadableOrder):
            observe.order_unreadable(row[0], order)
        else:
            orders.append(order)
    return tuple(orders)


async def find_orders(reads: ReadPool, query: OrderFilter, cursor: str | None, limit: int, stretch: int) -> OrderPage:
    """Return a page, short where it ends with the stretch. Raises InvalidCursor."""
    after = _named(cursor, query) if cursor is not None else ()
    rows = await _rows(reads, query, after, limit, stretch)
    if after and not rows and not await reads.run(_START[query.user_id is not None], after):
        raise InvalidCursor("no order of this list")
    page = rows[:limit]
    orders = _readable((order_id, *row) for found, _, order_id, *row in page if found)
    goes_on = len(rows) > limit or _stops(rows)
    return OrderPage(orders, cursor_after(page[-1][2]) if goes_on else None)


def _named(cursor: str, query: OrderFilter) -> tuple[str, ...]:
    """Return what names the order that a cursor stands for. Raises InvalidCursor."""
    return (order_id_of(cursor), *(() if query.user_id is None else (query.user_id,)))


async def _rows(reads: ReadPool, query: OrderFilter, after: tuple[str, ...], limit: int, stretch: int) -> Rows:
    """Return the rows from that order on, one more than `limit` if there are.

    Where everyone's unfinished orders are too many, a user's are looked for among the user's own: so no cursor names
    another's order.
    """
    params = [*after, *(value for value in (query.status, query.user_id) if value is not None), limit + 1]
    by_user = query.user_id is not None
    of_list = partial(statement, by_user=by_user, status=query.status, after=bool(after), stretch=stretch)
    rows = await reads.run(of_list(), params)
    if by_user and query.status in RUNNABLE and len(rows) <= limit and _stops(rows):
        rows = await reads.run(of_list(among_own=True), params)
    return rows


def _stops(rows: Rows) -> bool:
    return bool(rows) and rows[-1][1]
