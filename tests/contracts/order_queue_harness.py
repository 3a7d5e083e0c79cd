"""A queue under test, as workers and as operators have it, and the little beyond its ports that tests need."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

import pytest
from attrs import frozen

from application.ports.order_queue import Lease, OrderQueue
from application.ports.queue_operations import BuriedJob, QueueOperations

LONG = 60.0
SHORT = 0.25
# How much longer than a lease or delay of SHORT a test waits for its end.
PAST_SHORT = 0.3
# The last that a job may have.
MOST_DELIVERIES = 10


class Holders(Protocol):
    """Gives the queue as the holder `name` sees it, open; all share the jobs."""

    def __call__(self, name: str, lease_seconds: float = LONG) -> Awaitable[OrderQueue]:
        """Return the holder's queue."""
        ...


@frozen
class OrderQueueHarness:
    """`operations` are those of all holders' jobs; `close` closes them and all queues given out.

    `pass_time` lets time pass for the queue while other tasks go on.
    """

    holder: Holders
    operations: QueueOperations
    pass_time: Callable[[float], Awaitable[None]]
    close: Callable[[], Awaitable[None]]


class OrderQueueFixtures:
    """What the suites of both ports ask for."""

    @pytest.fixture
    def harness(self) -> Any:
        """Give an empty queue; a test class overrides this."""
        raise NotImplementedError

    @pytest.fixture
    async def queue(self, harness: OrderQueueHarness) -> OrderQueue:
        return await harness.holder("w1")

    @pytest.fixture
    def operations(self, harness: OrderQueueHarness) -> QueueOperations:
        return harness.operations


def ids_of(leases: Sequence[Lease]) -> list[str]:
    """Return the order ids in the order given."""
    return [lease.order_id for lease in leases]


async def take_one(queue: OrderQueue) -> Lease:
    """Take the one job that must be there."""
    (lease,) = await queue.take(1, 0)
    return lease


async def bury(queue: OrderQueue, lease: Lease, failure: str = "why", *, most: int = MOST_DELIVERIES) -> None:
    """Have a job fail as often as it may, from its first delivery on; it comes again before any that is new."""
    for _ in range(most - 1):
        await queue.retry_in(lease, 0, failure=failure)
        again = await take_one(queue)
        assert again.order_id == lease.order_id
        lease = again
    await queue.retry_in(lease, 0, failure=failure)


def why_buried(failure: str = "why", most: int = MOST_DELIVERIES) -> str:
    """Return what is said of a job that was buried so."""
    return f"delivered {most} times and never done; the last time: {failure}"


def ids_of_buried(jobs: Sequence[BuriedJob]) -> list[str]:
    """Return the order ids in the order given."""
    return [job.order_id for job in jobs]
