"""Orders to attack: large lists of them, and sockets on one."""

import httpx

from tests.clients import ORDER
from tests.processes import EngineProcess


def submit(api: EngineProcess) -> str:
    """Have an order accepted; return its id."""
    order_id: str = httpx.post(f"{api.url}/api/orders/execute", json=dict(ORDER)).json()["orderId"]
    return order_id
