"""The queue of jobs in one process's memory."""

import asyncio
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from itertools import chain, count, islice
from math import inf

from attrs import define, field

from application import observe
from application.ports.errors import LeaseLost
from application.ports.order_queue import BuriedJob, Job, JobPlace, Lease, QueueCounts
from application.ports.system import Clock


@define
class _Job:
    """`due` is the end of a lease, or when a delayed job may be taken; `count` adds up to burial."""

    order_id: str
    place: "dict[str, _Job]"
    due: float = 0.0
    lease: Lease | None = None
    count: int = 0
    why: str = ""


@define
class InMemoryJobs:
    """What all holders share: each job in one place, and the bells of those who wait."""

    waiting: dict[str, _Job] = field(factory=dict)
    leased: dict[str, _Job] = field(factory=dict)
    delayed: dict[str, _Job] = field(factory=dict)
    buried: dict[str, _Job] = field(factory=dict)
    deliveries: "count[int]" = field(factory=lambda: count(1))
    paused: bool = False
    bells: set[asyncio.Future[None]] = field(factory=set)

    def knows(self, order_id: str) -> bool:
        """Say whether the job is in any place."""
        return any(order_id in place for place in (self.waiting, self.leased, self.delayed, self.buried))

    def add(self, order_id: str) -> None:
        """Have a job wait; one that is in any place stays there."""
        if not self.knows(order_id):
            self.waiting[order_id] = _Job(order_id, self.waiting)

    def move(self, job: _Job, place: dict[str, _Job]) -> None:
        """Move a job to the end of another place."""
        del job.place[job.order_id]
        place[job.order_id] = job
        job.place = place

    def ring(self) -> None:
        """Wake all who wait."""
        for bell in self.bells:
            if not bell.done():
                bell.set_result(None)


class InMemoryOrderQueue:
    """An `OrderQueue` for one holder; others share its jobs when they are given the same `jobs`. Needs no opening."""

    def __init__(
        self,
        clock: Clock,
        holder: str = "worker",
        *,
        lease_seconds: float,
        most_deliveries: int = 10,
        jobs: InMemoryJobs | None = None,
    ) -> None:
        self._clock = clock
        self._holder = holder
        self._lease_seconds = lease_seconds
        self._most_deliveries = most_deliveries
        self._jobs = jobs or InMemoryJobs()

    async def open(self) -> None:
        """Do nothing: there is nothing to open."""

    async def close(self) -> None:
        """Do nothing: there is nothing to close."""

    async def ping(self) -> None:
        """Return: memory is always there."""

    async def put(self, order_ids: Collection[str]) -> None:
        for order_id in order_ids:
            self._jobs.add(order_id)
        self._jobs.ring()

    def put_soon(self, order_id: str) -> None:
        self._jobs.add(order_id)
        self._jobs.ring()

    async def take(self, most: int, wait_seconds: float) -> Sequence[Lease]:
        deadline = self._clock.monotonic() + wait_seconds
        while True:
            leases = self._lease(most)
            now = self._clock.monotonic()
            if leases or now >= deadline:
                return leases
            await self._wait(min(deadline, self._next_due()) - now)

    async def extend(self, leases: Collection[Lease]) -> Collection[Lease]:
        lost = []
        for lease in leases:
            try:
                self._held(lease).due = self._clock.monotonic() + self._lease_seconds
            except LeaseLost:
                lost.append(lease)
        return lost

    async def done(self, lease: Lease) -> None:
        del self._jobs.leased[self._held(lease).order_id]

    async def retry_in(self, lease: Lease, seconds: float, *, failure: str | None = None) -> None:
        job = self._held(lease)
        if failure is None:
            job.count -= 1
        elif job.count >= self._most_deliveries:
            self._give_up(job, failure)
            return
        self._jobs.move(job, self._jobs.delayed)
        job.due = self._clock.monotonic() + seconds
        self._jobs.ring()

    async def bury(self, lease: Lease, why: str) -> None:
        self._bury(self._held(lease), why)

    async def counts(self) -> QueueCounts:
        now, jobs = self._clock.monotonic(), self._jobs
        leased = sum(job.due > now for job in jobs.leased.values())
        delayed = sum(job.due > now for job in jobs.delayed.values())
        waiting = len(jobs.waiting) + len(jobs.leased) - leased + len(jobs.delayed) - delayed
        return QueueCounts(waiting, leased, delayed, buried=len(jobs.buried), paused=jobs.paused)

    async def find(self, order_id: str) -> Job | None:
        jobs = self._jobs
        if job := jobs.buried.get(order_id):
            return Job(order_id, JobPlace.BURIED, job.count, why=job.why)
        job = jobs.leased.get(order_id) or jobs.delayed.get(order_id) or jobs.waiting.get(order_id)
        if job is None:
            return None
        left = job.due - self._clock.monotonic()
        if job.place is jobs.waiting or left <= 0:
            return Job(order_id, JobPlace.WAITING, job.count)
        if job.place is jobs.delayed or job.lease is None:
            return Job(order_id, JobPlace.DELAYED, job.count, seconds=left)
        return Job(order_id, JobPlace.LEASED, job.count, holder=job.lease.holder, seconds=left)

    async def buried(self) -> Sequence[BuriedJob]:
        return [BuriedJob(job.order_id, job.why) for job in self._jobs.buried.values()]

    async def revive(self, order_id: str) -> bool:
        job = self._jobs.buried.get(order_id)
        if job is None:
            return False
        job.count = 0
        self._jobs.move(job, self._jobs.waiting)
        self._jobs.ring()
        return True

    async def forget(self, order_id: str) -> bool:
        return self._jobs.buried.pop(order_id, None) is not None

    async def pause(self) -> None:
        self._jobs.paused = True

    async def resume(self) -> None:
        self._jobs.paused = False
        self._jobs.ring()

    def _lease(self, most: int) -> list[Lease]:
        leases: list[Lease] = []
        now = self._clock.monotonic()
        taken_over = 0
        for job in () if self._jobs.paused else self._takeable(most, now):
            if job.count >= self._most_deliveries:
                self._give_up(job)
            elif len(leases) < most:
                taken_over += job.place is self._jobs.leased
                job.lease = Lease(job.order_id, self._holder, next(self._jobs.deliveries))
                job.due = now + self._lease_seconds
                job.count += 1
                self._jobs.move(job, self._jobs.leased)
                leases.append(job.lease)
        observe.leases_taken_over(taken_over)
        return leases

    def _takeable(self, most: int, now: float) -> Iterator[_Job]:
        """Return jobs in the order in which they may be taken: lapsed leases, due retries, new ones."""
        new = tuple(islice(self._jobs.waiting.values(), most))
        return chain(_due(self._jobs.leased, now), _due(self._jobs.delayed, now), new)

    def _held(self, lease: Lease) -> _Job:
        job = self._jobs.leased.get(lease.order_id)
        if job is None or job.lease != lease:
            raise LeaseLost(f"order {lease.order_id} is no longer held as delivery {lease.delivery}")
        return job

    def _give_up(self, job: _Job, failure: str | None = None) -> None:
        last = "" if failure is None else f"; the last time: {failure or 'no reason given'}"
        self._bury(job, f"delivered {job.count} times and never done{last}")
        observe.job_buried(job.order_id, job.why)

    def _bury(self, job: _Job, why: str) -> None:
        job.why = why
        self._jobs.move(job, self._jobs.buried)

    def _next_due(self) -> float:
        if self._jobs.paused:
            return inf
        timed = chain(self._jobs.leased.values(), self._jobs.delayed.values())
        return min((job.due for job in timed), default=inf)

    async def _wait(self, seconds: float) -> None:
        """Return after `seconds`, or when something came that may be taken."""
        bell: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._jobs.bells.add(bell)
        sleeper = asyncio.create_task(self._clock.sleep(seconds))
        try:
            await asyncio.wait((bell, sleeper), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._jobs.bells.discard(bell)
            sleeper.cancel()
            with suppress(asyncio.CancelledError):
                await sleeper


def _due(place: dict[str, _Job], now: float) -> list[_Job]:
    return sorted((job for job in place.values() if job.due <= now), key=lambda job: job.due)
