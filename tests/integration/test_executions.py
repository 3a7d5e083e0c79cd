"""A whole engine on real servers: what it executed is listed, to the digit, in both forms."""

from decimal import Decimal

import httpx
import pytest

from tests.api import ORDER, exact
from tests.clients import all_final, new_engine, rows
from tests.csv_pages import of_csv
from tests.processes import running

AMOUNT = "1234567.12345678"
ROWS = """
SELECT order_id, amount_in::text, amount_out::text, venue_fee::text, tx_hash, o.finished_at = executed_at AS in_time
FROM executions JOIN orders AS o USING (order_id, tx_hash) ORDER BY executions.id DESC
"""


@pytest.fixture
def settings(database_url: str, redis_db_url: str) -> dict[str, str]:
    """The variables that all processes of one engine share."""
    return new_engine(database_url, redis_db_url)


async def test_what_an_engine_executes_is_listed(settings: dict[str, str]) -> None:
    with running("api", settings=settings) as api, running("worker", settings=settings):
        async with httpx.AsyncClient(base_url=api.url, timeout=10) as client:
            sent = [
                (await client.post("/api/orders/execute", json={**ORDER, "amount": AMOUNT})).json()["orderId"]
                for _ in range(7)
            ]
            orders = {order["orderId"]: order for order in await all_final(client, sent)}
            listed = exact((await client.get("/api/executions?userId=user123")).text)["data"]
            assert {execution["orderId"] for execution in listed} == set(orders)
            for execution in listed:
                order, given = orders[execution["orderId"]], execution["amountIn"]
                assert given == Decimal(AMOUNT)
                assert execution["amountOut"] + execution["venueFee"] == given * execution["price"]
                assert (execution["txHash"], execution["venue"]) == (order["txHash"], order["chosenDex"])
                assert execution["executedAt"] == order["finishedAt"]

            # The same page by page, in CSV, in a range of time with all of them.
            first, last = min(e["executedAt"] for e in listed), max(e["executedAt"] for e in listed)
            paged, address = [], f"/api/executions?limit=3&since={first}"
            while address:
                answer = await client.get(address, headers={"Accept": "text/csv"})
                paged += of_csv(answer.text)
                address = answer.links.get("next", {}).get("url", "")
            assert paged == listed
            before = exact((await client.get(f"/api/executions?until={last}")).text)["data"]
            assert before == [execution for execution in listed if execution["executedAt"] < last]
    stored = rows(settings, ROWS)
    assert [row["order_id"] for row in stored] == [execution["orderId"] for execution in listed]
    assert {row["amount_in"] for row in stored} == {AMOUNT}
    assert [Decimal(row["amount_out"]) for row in stored] == [execution["amountOut"] for execution in listed]
    assert all(row["in_time"] for row in stored)
