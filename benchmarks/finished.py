"""What the table says of orders that are final: how many in a window, how long they took, whether all is as it must."""

import time
from datetime import UTC, datetime

from attrs import frozen

from benchmarks.rig import Rig


@frozen
class Finished:
    """The orders that became final in a window of so many seconds; times from acceptance to end."""

    orders: int
    seconds: float
    p50_ms: float
    p99_ms: float

    @property
    def per_second(self) -> float:
        """Finished orders per second."""
        return self.orders / self.seconds


async def finished_between(rig: Rig, since: float, until: float, after_id: int = 0) -> Finished:
    """Count the orders that became final between the two times (`time.time()`); only those with a later id."""
    [(count, p50, p99)] = await rig.sql(
        """
        SELECT count(*),
            percentile_cont(0.5) WITHIN GROUP (ORDER BY took), percentile_cont(0.99) WITHIN GROUP (ORDER BY took)
        FROM (SELECT extract(epoch FROM finished_at - created_at)::float8 AS took FROM orders
            WHERE id > %s AND finished_at >= %s::timestamp AND finished_at < %s::timestamp) AS final
        """,
        (after_id, _utc(since), _utc(until)),
    )
    return Finished(count, until - since, 1000 * (p50 or 0), 1000 * (p99 or 0))


async def last_finish(rig: Rig) -> float:
    """Return when the last order became final (`time.time()`)."""
    [(last,)] = await rig.sql("SELECT extract(epoch FROM max(finished_at))::float8 FROM orders")
    return float(last or time.time())


async def check_all_confirmed(rig: Rig, at_least: int, after_id: int = 0) -> None:
    """Every order with a later id is confirmed with its five events, and there are `at_least` so many."""
    [(orders, confirmed)] = await rig.sql(
        "SELECT count(*), count(*) FILTER (WHERE status = 'confirmed') FROM orders WHERE id > %s", (after_id,)
    )
    [(events,)] = await rig.sql("SELECT count(*) FROM order_events WHERE orders_id > %s", (after_id,))
    assert orders >= at_least, f"{at_least} orders were accepted and only {orders} are stored"
    assert confirmed == orders, f"of {orders} orders {orders - confirmed} are not confirmed"
    assert events == 5 * orders, f"{orders} orders have {events} events"


def _utc(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC).replace(tzinfo=None)
