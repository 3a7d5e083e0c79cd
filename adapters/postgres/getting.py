"""How groups of orders are read: a worker gets every order that it takes."""

from collections.abc import Sequence

from adapters.postgres import statements
from adapters.postgres.own_connection import OwnConnection
from adapters.postgres.rows import read_order
from domain.order import Order


async def get_orders(connection: OwnConnection, order_ids: Sequence[str], deadline: float) -> Sequence[Order | None]:
    """Read the orders in one statement."""
    rows = await connection.run(statements.GET, (list(set(order_ids)),), deadline, cut_off=False)
    found = {order.order_id: order for order in map(read_order, rows)}
    return [found.get(order_id) for order_id in order_ids]
