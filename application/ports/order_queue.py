"""The jobs: which orders wait for a worker, and who has which."""

from collections.abc import Collection, Sequence
from enum import StrEnum
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


@frozen
class BuriedJob:
    """A job that was given up: the order's state is as it was, an operator decides."""

    order_id: str
    why: str


class JobPlace(StrEnum):
    """Where a job is. One whose lease ran out, or whose delay is over, waits."""

    WAITING = "waiting"
    LEASED = "leased"
    DELAYED = "delayed"
    BURIED = "buried"


@frozen
class Job:
    """A job that is not done.

    `deliveries` are those that add up to its burial. A leased job has its `holder`, and the `seconds` that its lease
    is still good for; a delayed one the `seconds` until it is due; a buried one says `why`.
    """

    order_id: str
    place: JobPlace
    deliveries: int
    holder: str | None = None
    seconds: float | None = None
    why: str | None = None


@frozen
class QueueCounts:
    """How many jobs are in each place, and whether there is a pause."""

    waiting: int
    leased: int
    delayed: int
    buried: int
    paused: bool = False


class OrderQueue(Protocol):
    """Hands each job to one worker at a time. Jobs are order ids; at least once, in about the order put.

    Any awaited call may raise QueueUnavailable, within a bounded time. Calls on a lease raise LeaseLost when it no
    longer holds the job (it ran out and another took it, it was finished, or the queue forgot it) and then change
    nothing.
    """

    async def put(self, order_ids: Collection[str]) -> None:
        """Add jobs; an id that waits, is delayed, is leased or is buried already stays as it is."""
        ...

    def put_soon(self, order_id: str) -> None:
        """Have a job added as `put` does, with those of other callers; wait for nothing and raise nothing.

        Jobs that could not be added are told to `observe`; the sweep puts them.
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
        """Give a job back, to be taken again in `seconds`.

        With a `failure` the delivery counts, and the last that a job may have buries it, with that text among why.
        """
        ...

    async def bury(self, lease: Lease, why: str) -> None:
        """Put a job aside for an operator."""
        ...

    async def counts(self) -> QueueCounts:
        """Count the jobs in each place."""
        ...

    async def find(self, order_id: str) -> Job | None:
        """Tell where a job is; None when the queue does not have it."""
        ...

    async def buried(self) -> Sequence[BuriedJob]:
        """Return the jobs that were given up, oldest first."""
        ...

    async def revive(self, order_id: str) -> bool:
        """Put a buried job back with a fresh count; False when it is not buried."""
        ...

    async def forget(self, order_id: str) -> bool:
        """Drop a buried job, whose order was decided on; False when it is not buried."""
        ...

    async def pause(self) -> None:
        """Let no worker take jobs until `resume`; jobs in hand go on, puts are still taken."""
        ...

    async def resume(self) -> None:
        """End a pause."""
        ...
