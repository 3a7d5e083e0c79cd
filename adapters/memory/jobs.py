"""The jobs of one process's memory, which its queue and its operators share."""

import asyncio
from itertools import count

from attrs import define, field

from application.ports.order_queue import Lease


@define
class InMemoryJob:
    """`due` is the end of a lease, or when a delayed job may be taken; `count` adds up to burial."""

    order_id: str
    place: "dict[str, InMemoryJob]"
    due: float = 0.0
    lease: Lease | None = None
    count: int = 0
    why: str = ""


@define
class InMemoryJobs:
    """What all holders share: each job in one place, and who waits for one."""

    waiting: dict[str, InMemoryJob] = field(factory=dict)
    leased: dict[str, InMemoryJob] = field(factory=dict)
    delayed: dict[str, InMemoryJob] = field(factory=dict)
    buried: dict[str, InMemoryJob] = field(factory=dict)
    deliveries: "count[int]" = field(factory=lambda: count(1))
    paused: bool = False
    waiters: set[asyncio.Future[None]] = field(factory=set)

    def add(self, order_id: str) -> bool:
        """Have a job wait; one that is in any place stays there. Say whether it is new."""
        if any(order_id in place for place in (self.waiting, self.leased, self.delayed, self.buried)):
            return False
        self.waiting[order_id] = InMemoryJob(order_id, self.waiting)
        return True

    def move(self, job: InMemoryJob, place: dict[str, InMemoryJob]) -> None:
        """Move a job to the end of another place."""
        del job.place[job.order_id]
        place[job.order_id] = job
        job.place = place

    def wake(self) -> None:
        """Wake all who wait."""
        for waiter in self.waiters:
            if not waiter.done():
                waiter.set_result(None)
