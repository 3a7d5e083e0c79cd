"""Lists of orders, newest first, in pages that cost no more however many orders there are."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from adapters.cursor import cursor_after, order_id_of
from adapters.postgres.connection import Rows
from adapters.postgres.list_statements import START, among_everyones, list_orders
from adapters.postgres.read_pool import ReadPool
from adapters.postgres.rows import read_or_refuse
from adapters.postgres.statements import LISTED
from adapters.postgres.unfinished import BELOW_THE_FLOOR, FROM_THE_FLOOR, KNOWN
from application import observe
from application.ports.errors import InvalidCursor, UnreadableOrder
from application.ports.order_store import OrderFilter, OrderPage, UnfinishedFilter, UnfinishedPage
from domain.order import Order

# So many orders a list that no index answers looks through for one page: 10 ms, or 0.2 s where each is on a page of the
# disk of its own, so that twenty such lists at once wait for no longer than a call may take.
STRETCH = 3_000

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
    if after and not rows and not await reads.run(START[query.user_id is not None], after):
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
    rows = await reads.run(*list_orders(query, after, limit + 1, stretch))
    if query.user_id is not None and among_everyones(query) and len(rows) <= limit and _stops(rows):
        rows = await reads.run(*list_orders(query, after, limit + 1, stretch, among_own=True))
    return rows


def _stops(rows: Rows) -> bool:
    return bool(rows) and rows[-1][1]
