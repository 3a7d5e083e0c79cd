"""The operators' part of the queue in one process's memory."""

from collections.abc import Sequence

from adapters.memory.jobs import InMemoryJobs
from application.ports.queue_operations import BuriedJob, Job, JobPlace, QueueCounts
from application.ports.system import Clock


class InMemoryQueueOperations:
    """`QueueOperations` on the `jobs` that a queue was given too."""

    def __init__(self, clock: Clock, jobs: InMemoryJobs) -> None:
        self._clock = clock
        self._jobs = jobs

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
        self._jobs.wake()
        return True

    async def forget(self, order_id: str) -> bool:
        return self._jobs.buried.pop(order_id, None) is not None

    async def pause(self) -> None:
        self._jobs.paused = True

    async def resume(self) -> None:
        self._jobs.paused = False
        self._jobs.wake()
