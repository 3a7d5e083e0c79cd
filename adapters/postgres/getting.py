"""How groups of orders are read: a worker gets every order that it takes."""

from collections.abc import Sequence

from adapters.postgres import statements
from adapters.postgres.connection import Rows
from adapters.postgres.errors import for_one_more
from adapters.postgres.own_connection import OwnConnection
from adapters.postgres.rows import read_or_refuse
from application.ports.errors import UnreadableOrder
from domain.order import Order


async def get_orders(
    connection: OwnConnection, order_ids: Sequence[str], deadline: float
) -> Sequence[Order | UnreadableOrder | None]:
    """Read the orders in one statement."""
    rows = await connection.run(statements.GET, (list(set(order_ids)),), deadline, cut_off=False)
    return _in_order(order_ids, rows)


async def get_orders_durably(
    connection: OwnConnection, order_ids: Sequence[str], deadline: float
) -> Sequence[Order | UnreadableOrder | None]:
    """Read the orders in one statement that waits as a write does."""
    rows = await connection.run(statements.GET_DURABLY, (list(set(order_ids)),), deadline, cut_off=False)
    return _in_order(order_ids, [row[:-1] for row in rows])


def _in_order(order_ids: Sequence[str], rows: Rows) -> Sequence[Order | UnreadableOrder | None]:
    found = {row[0]: read_or_refuse(row) for row in rows}
    return [
        for_one_more(order) if isinstance(order := found.get(order_id), UnreadableOrder) else order
        for order_id in order_ids
    ]
