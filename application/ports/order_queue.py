"""The jobs as workers have them: each with one worker at a time."""

from collections.abc import Collection, Sequence
from typing import Protocol

from attrs import frozen


@frozen(cache_hash=True)
class Lease:
    """A job in this worker's hands until its lease runs out.

    `delivery` names this holding: it is higher than that of any earlier holding of the job.
    """

    order_id: str
    holder: str
    delivery: int


class OrderQueue(Protocol):
    """Hands each job to one worker at a time. Jobs are order ids; at least once, in about the order put.

    Any awaited call may raise QueueUnavailable, within a bounded time. Calls on a lease raise LeaseLost when it no
    longer holds the job (it ran out and another took it, it was finished, or the queue forgot it) and then change
    nothing.
    """

    async def put(self, order_ids: Collection[str]) -> int:
        """Add jobs, and return how many are new; one that waits, is delayed, leased or buried stays as it is."""
        ...

    def put_soon(self, order_id: str) -> None:
        """Have a job added as `put` does, with those of other callers; wait for nothing and raise nothing.

        Jobs that could not be added are reported to `observe`; the sweep puts them.
        """
        ...

    async def take(self, most: int, wait_seconds: float) -> Sequence[Lease]:
        """Lease up to `most` jobs, waiting up to `wait_seconds` for the first; empty when none came or while paused.

        Jobs whose lease ran out come first, then retries that are due, then new ones. A job that was delivered too
        often (10 times) without being done or handed back is buried instead.
        """
        ...

    async def extend(self, leases: Collection[Lease]) -> Collection[Lease]:
        """Renew leases to their full length; return those that were lost."""
        ...

    async def done(self, lease: Lease) -> None:
        """Finish a job; its id may be put again later."""
        ...

    async def retry_in(self, lease: Lease, seconds: float, *, failure: str | None = None) -> None:
        """Hand a job back, to be taken again in `seconds`.

        With a `failure` the delivery counts, and the last that a job may have buries it, with that text among why.
        """
        ...
