"""An order queue under test, and the little beyond its port that tests need."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from attrs import frozen

from application.ports.order_queue import Lease, OrderQueue

LONG = 60.0
SHORT = 0.25
# How much longer than a lease or delay of SHORT a test waits for its end.
PAST_SHORT = 0.3


class Holders(Protocol):
    """Gives the queue as the holder `name` sees it, open; all share the jobs."""

    def __call__(self, name: str, lease_seconds: float = LONG) -> Awaitable[OrderQueue]:
        """Return the holder's queue."""
        ...


@frozen
class OrderQueueHarness:
    """`pass_time` lets time pass for the queue while other tasks go on; `close` closes all queues given out."""

    holder: Holders
    pass_time: Callable[[float], Awaitable[None]]
    close: Callable[[], Awaitable[None]]


def ids_of(leases: Sequence[Lease]) -> list[str]:
    """Return the order ids in the order given."""
    return [lease.order_id for lease in leases]


async def take_one(queue: OrderQueue) -> Lease:
    """Take the one job that must be there."""
    (lease,) = await queue.take(1, 0)
    return lease
