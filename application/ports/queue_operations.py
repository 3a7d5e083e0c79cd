"""The jobs as operators see them: how many are where, the dead letters, and a pause."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

from attrs import frozen


@frozen
class BuriedJob:
    """A dead letter: the order's state is as it was, an operator decides."""

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


class QueueOperations(Protocol):
    """What an operator may ask and decide about the jobs of an `OrderQueue`.

    Any call may raise QueueUnavailable, within a bounded time.
    """

    async def counts(self) -> QueueCounts:
        """Count the jobs in each place."""
        ...

    async def find(self, order_id: str) -> Job | None:
        """Return where a job is; None when the queue does not have it."""
        ...

    async def buried(self) -> Sequence[BuriedJob]:
        """Return the dead letters, oldest first."""
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
