"""Random calls against a queue, by workers and operators, and a plain model of it: both must always agree."""

import asyncio
from collections.abc import Awaitable, Coroutine, Sequence
from typing import Any, TypeVar

from attrs import define
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from application.ports.errors import LeaseLost
from application.ports.order_queue import Lease, OrderQueue
from application.ports.queue_operations import Job, JobPlace, QueueCounts, QueueOperations

Value = TypeVar("Value")

IDS = ("a", "b", "c")
HOLDERS = ("w1", "w2")
# So few that many jobs come to be buried.
MOST_DELIVERIES = 2
# So long that the seconds a real server needs for an example decide nothing.
LEASE_SECONDS = 1000.0
DELAYS = st.sampled_from([0.0, 500.0, 1500.0])
STEPS = st.sampled_from([400.0, 1000.0, 1100.0])
FAILURES = st.sampled_from([None, "it broke", "it broke"])
# Even numbers choose among the leases that hold, odd ones among all that were ever given.
PICKS = st.integers(0, 11)


@define
class _Job:
    """What the model knows of a job: `since` is its turn among those that wait or are buried."""

    order_id: str
    place: JobPlace = JobPlace.WAITING
    since: int = 0
    due: float = 0.0
    lease: Lease | None = None
    count: int = 0
    why: str = ""

    def turn(self, now: float) -> tuple[int, float] | None:
        """When it may be taken, among others; None when it may not."""
        match self.place:
            case JobPlace.LEASED if self.due <= now:
                return (0, self.due)
            case JobPlace.DELAYED if self.due <= now:
                return (1, self.due)
            case JobPlace.WAITING:
                return (2, self.since)
        return None


class OrderQueueMachine(RuleBasedStateMachine):
    """A test class gives `new_queues`, `pass_time` and `close_queues`."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        queues, self.operations = self.runner.run(self.new_queues(HOLDERS))
        self.queues = dict(zip(HOLDERS, queues, strict=True))
        self.queue = self.queues[HOLDERS[0]]
        self.model: dict[str, _Job] = {}
        self.known_leases: list[Lease] = []
        self.deliveries: dict[str, int] = {}
        self.now = 0.0
        self.turns = 0
        self.paused = False

    async def new_queues(self, holders: Sequence[str]) -> tuple[Sequence[OrderQueue], QueueOperations]:
        """Give an open, empty queue as each of the holders sees it, with the bounds above, and its operations."""
        raise NotImplementedError

    async def pass_time(self, seconds: float) -> None:
        """Let time pass for the queue."""
        raise NotImplementedError

    async def close_queues(self) -> None:
        """Close them."""

    def teardown(self) -> None:
        self.runner.run(self.close_queues())
        self.runner.close()

    @initialize()
    def put_all(self) -> None:
        self.put(list(IDS))

    @rule(order_ids=st.lists(st.sampled_from(IDS), min_size=1, max_size=4))
    def put(self, order_ids: list[str]) -> None:
        self._run(self.queue.put(order_ids))
        for order_id in order_ids:
            if order_id not in self.model:
                self.model[order_id] = _Job(order_id, since=self._next_turn())

    @precondition(lambda self: self.model)
    @rule(holder=st.sampled_from(HOLDERS), most=st.integers(2, 5))
    def take(self, holder: str, most: int) -> None:
        leases = self._run(self.queues[holder].take(most, 0))
        buried = {job.order_id: job.why for job in self._run(self.operations.buried())}
        turns = {job.order_id: turn for job in self.model.values() if (turn := job.turn(self.now))}
        spent = {order_id for order_id in turns if self.model[order_id].count >= MOST_DELIVERIES}
        newly = {order_id for order_id in buried if self.model[order_id].place is not JobPlace.BURIED}
        allowed = [] if self.paused else sorted(turns[order_id] for order_id in turns.keys() - spent)
        assert [turns[lease.order_id] for lease in leases] == allowed[:most]
        # A full take need not have come to all that were delivered too often.
        assert newly == spent or (newly <= spent and (self.paused or len(leases) == most))
        for order_id in (order_id for order_id in buried if order_id in newly):
            self._bury(self.model[order_id], buried[order_id])
        for lease in leases:
            assert lease.holder == holder
            assert lease.delivery > self.deliveries.get(lease.order_id, 0)
            self.deliveries[lease.order_id] = lease.delivery
            job = self.model[lease.order_id]
            job.place, job.lease, job.due = JobPlace.LEASED, lease, self.now + LEASE_SECONDS
            job.count += 1
        self.known_leases += leases

    @precondition(lambda self: self.known_leases)
    @rule(pick=PICKS, how=st.sampled_from(["done", "retry", "retry", "retry"]), seconds=DELAYS, why=FAILURES)
    def end(self, pick: int, how: str, seconds: float, why: str | None) -> None:
        """End a delivery, one way or the other (few rules: hypothesis leaves some out of each example)."""
        lease = self._lease(pick)
        if how == "done":
            self._done(lease)
        else:
            self._retry(lease, seconds, why)

    @precondition(lambda self: self.known_leases)
    @rule(picks=st.lists(PICKS, min_size=1, max_size=3))
    def extend(self, picks: list[int]) -> None:
        leases = list(dict.fromkeys(map(self._lease, picks)))
        lost = self._run(self.queue.extend(leases))
        assert list(lost) == [lease for lease in leases if not self._is_held(lease)]
        for lease in leases:
            if lease not in lost:
                self.model[lease.order_id].due = self.now + LEASE_SECONDS

    @precondition(lambda self: self._any_buried())
    @rule(order_id=st.sampled_from(IDS), revived=st.booleans())
    def decide(self, order_id: str, revived: bool) -> None:
        buried = self._is_buried(order_id)
        assert self._run(self.operations.revive(order_id) if revived else self.operations.forget(order_id)) is buried
        if buried:
            del self.model[order_id]
        if buried and revived:
            self.model[order_id] = _Job(order_id, since=self._next_turn())

    @rule(paused=st.sampled_from([False, False, False, True]))
    def pause_or_resume(self, paused: bool) -> None:
        self._run(self.operations.pause() if paused else self.operations.resume())
        self.paused = paused

    @rule(seconds=STEPS)
    def wait(self, seconds: float) -> None:
        self._run(self.pass_time(seconds))
        self.now += seconds

    @invariant()
    def each_job_is_where_the_model_has_it(self) -> None:
        for order_id in IDS:
            known = self.model.get(order_id)
            found = self._run(self.operations.find(order_id))
            assert (found and self._roughly(found)) == (known and self._told(known))
        aside = sorted((job for job in self.model.values() if job.place is JobPlace.BURIED), key=lambda job: job.since)
        assert [(job.order_id, job.why) for job in self._run(self.operations.buried())] == [
            (job.order_id, job.why) for job in aside
        ]
        places = [self._told(job).place for job in self.model.values()]
        assert self._run(self.operations.counts()) == QueueCounts(
            waiting=places.count(JobPlace.WAITING),
            leased=places.count(JobPlace.LEASED),
            delayed=places.count(JobPlace.DELAYED),
            buried=len(aside),
            paused=self.paused,
        )

    def _done(self, lease: Lease) -> None:
        if self._holds(lease, self.queue.done(lease)):
            del self.model[lease.order_id]

    def _retry(self, lease: Lease, seconds: float, failure: str | None) -> None:
        if not self._holds(lease, self.queue.retry_in(lease, seconds, failure=failure)):
            return
        job = self.model[lease.order_id]
        if failure is None:
            job.count -= 1
        elif job.count >= MOST_DELIVERIES:
            self._bury(job, f"delivered {job.count} times and never done; the last time: {failure}")
            return
        job.place, job.lease, job.due = JobPlace.DELAYED, None, self.now + seconds

    def _run(self, call: Awaitable[Value]) -> Value:
        return self.runner.run(_awaited(call))

    def _lease(self, pick: int) -> Lease:
        held = [job.lease for job in self.model.values() if job.lease]
        pool = held if held and pick % 2 == 0 else self.known_leases
        return pool[-1 - pick // 2 % len(pool)]

    def _holds(self, lease: Lease, call: Coroutine[Any, Any, None]) -> bool:
        """Make a call on a lease; say whether it held, and check that the queue says the same."""
        try:
            self._run(call)
        except LeaseLost:
            assert not self._is_held(lease)
            return False
        assert self._is_held(lease)
        return True

    def _is_held(self, lease: Lease) -> bool:
        job = self.model.get(lease.order_id)
        return job is not None and job.place is JobPlace.LEASED and job.lease == lease

    def _any_buried(self) -> bool:
        return any(map(self._is_buried, self.model))

    def _is_buried(self, order_id: str) -> bool:
        job = self.model.get(order_id)
        return job is not None and job.place is JobPlace.BURIED

    def _bury(self, job: _Job, why: str) -> None:
        job.place, job.lease, job.why, job.since = JobPlace.BURIED, None, why, self._next_turn()

    def _next_turn(self) -> int:
        self.turns += 1
        return self.turns

    def _told(self, job: _Job) -> Job:
        """Return what the queue should tell of a job, its seconds in hundreds."""
        if job.turn(self.now):
            return Job(job.order_id, JobPlace.WAITING, job.count)
        if job.place is JobPlace.BURIED:
            return Job(job.order_id, job.place, job.count, why=job.why)
        holder = job.lease.holder if job.lease else None
        return self._roughly(Job(job.order_id, job.place, job.count, holder, job.due - self.now))

    def _roughly(self, job: Job) -> Job:
        seconds = None if job.seconds is None else float(round(job.seconds, -2))
        return Job(job.order_id, job.place, job.deliveries, job.holder, seconds, job.why)


async def _awaited(call: Awaitable[Value]) -> Value:
    return await call
