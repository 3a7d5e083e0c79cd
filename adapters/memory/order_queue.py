"""The queue of jobs in one process's memory."""

import asyncio
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from itertools import chain, islice
from math import inf

from adapters.memory.jobs import InMemoryJob, InMemoryJobs
from application import observe
from application.ports.errors import LeaseLost
from application.ports.order_queue import Lease
from application.ports.system import Clock


class InMemoryOrderQueue:
    """An `OrderQueue` for one holder; what is given the same `jobs` shares them. Needs no opening."""

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

    async def put(self, order_ids: Collection[str]) -> int:
        new = sum(self._jobs.add(order_id) for order_id in order_ids)
        self._jobs.wake()
        return new

    def put_soon(self, order_id: str) -> None:
        self._jobs.add(order_id)
        self._jobs.wake()

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
            self._bury(job, failure)
            return
        self._jobs.move(job, self._jobs.delayed)
        job.due = self._clock.monotonic() + seconds
        self._jobs.wake()

    def _lease(self, most: int) -> list[Lease]:
        leases: list[Lease] = []
        now = self._clock.monotonic()
        taken_over = 0
        for job in () if self._jobs.paused else self._takeable(most, now):
            if job.count >= self._most_deliveries:
                self._bury(job)
            elif len(leases) < most:
                taken_over += job.place is self._jobs.leased
                job.lease = Lease(job.order_id, self._holder, next(self._jobs.deliveries))
                job.due = now + self._lease_seconds
                job.count += 1
                self._jobs.move(job, self._jobs.leased)
                leases.append(job.lease)
        observe.leases_taken_over(taken_over)
        return leases

    def _takeable(self, most: int, now: float) -> Iterator[InMemoryJob]:
        """Return jobs in the order in which they may be taken: lapsed leases, due retries, new ones."""
        new = tuple(islice(self._jobs.waiting.values(), most))
        return chain(_due(self._jobs.leased, now), _due(self._jobs.delayed, now), new)

    def _held(self, lease: Lease) -> InMemoryJob:
        job = self._jobs.leased.get(lease.order_id)
        if job is None or job.lease != lease:
            raise LeaseLost(f"order {lease.order_id} is no longer held as delivery {lease.delivery}")
        return job

    def _bury(self, job: InMemoryJob, failure: str | None = None) -> None:
        last = "" if failure is None else f"; the last time: {failure or 'no reason given'}"
        job.why = f"delivered {job.count} times and never done{last}"
        self._jobs.move(job, self._jobs.buried)
        observe.job_buried(job.order_id, job.why)

    def _next_due(self) -> float:
        if self._jobs.paused:
            return inf
        timed = chain(self._jobs.leased.values(), self._jobs.delayed.values())
        return min((job.due for job in timed), default=inf)

    async def _wait(self, seconds: float) -> None:
        """Return after `seconds`, or when something came that may be taken."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._jobs.waiters.add(waiter)
        sleeper = asyncio.create_task(self._clock.sleep(seconds))
        try:
            await asyncio.wait((waiter, sleeper), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._jobs.waiters.discard(waiter)
            sleeper.cancel()
            with suppress(asyncio.CancelledError):
                await sleeper


def _due(place: dict[str, InMemoryJob], now: float) -> list[InMemoryJob]:
    return sorted((job for job in place.values() if job.due <= now), key=lambda job: job.due)
