"""The worker: takes jobs while it has free slots, keeps their leases, and hands back what it cannot finish."""

import asyncio
from collections.abc import Collection, Sequence

from attrs import frozen

from application import observe
from application.execute_order import HALTED_SECONDS, Done, ExecuteOrder, RetryIn
from application.fitness import Fitness
from application.ports.errors import LeaseLost, QueueUnavailable
from application.ports.order_queue import Lease, OrderQueue
from application.ports.system import Clock
from application.trading_gate import TradingGate

TAKE_MOST = 500
TAKE_WAIT_SECONDS = 0.5
# Slots that free up one by one are filled in groups, whose orders then share their flushes.
TAKES_APART = 0.005
QUEUE_BACKOFF_SECONDS = 0.5
ERROR_BACKOFF_SECONDS = 1.0
HAND_BACK_SECONDS = 0.5
# A worker that reaches no venue looks this often for jobs that others leave lying, and takes so many.
LEFT_OVER_SECONDS = 1.0
LEFT_OVER_MOST = 100


@frozen
class _InHand:
    task: "asyncio.Task[None]"
    since: float  # by the monotonic clock


class Worker:
    """Runs up to `concurrency` orders at once in one event loop."""

    def __init__(
        self,
        queue: OrderQueue,
        execute: ExecuteOrder,
        fitness: Fitness,
        clock: Clock,
        gate: TradingGate,
        *,
        concurrency: int,
        lease_seconds: float,
        grace_seconds: float,
    ) -> None:
        self._queue = queue
        self._execute = execute
        self._fitness = fitness
        self._clock = clock
        self._gate = gate
        self._concurrency = concurrency
        self._lease_seconds = lease_seconds
        self._grace_seconds = grace_seconds
        self._patience = lease_seconds
        self._held: dict[Lease, _InHand] = {}

    @property
    def slots(self) -> int:
        """How many orders it may execute at once."""
        return self._concurrency

    @property
    def in_flight(self) -> int:
        """How many orders it executes now."""
        return len(self._held)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; then finish what is in flight, and after the grace time hand the rest back."""
        observe.worker_ready(self._concurrency)
        async with asyncio.TaskGroup() as group:
            beside = [
                group.create_task(self._keep_leases()),
                group.create_task(self._fitness.watch()),
                group.create_task(self._hand_back_in_vain()),
            ]
            taker = group.create_task(self._take(group, stop))
            await stop.wait()
            self._patience = 0
            self._fitness.changed.set()
            await asyncio.wait([taker])
            await self._finished(self._grace_seconds)
            self._stop_working_on(list(self._held))
            await self._finished(None)
            for task in beside:
                task.cancel()

    async def _finished(self, seconds: float | None) -> None:
        if self._held:
            await asyncio.wait([in_hand.task for in_hand in self._held.values()], timeout=seconds)

    async def _take(self, group: asyncio.TaskGroup, stop: asyncio.Event) -> None:
        # Never cancelled in a take: jobs that were leased just then would wait for their lease to run out.
        while not stop.is_set():
            observe.in_flight(len(self._held))
            room = self._fitness.room(self._concurrency - len(self._held))
            if room <= 0:
                self._fitness.changed.clear()
                await self._fitness.changed.wait()
                continue
            if not self._gate.executes:
                await self._clock.sleep(HALTED_SECONDS)
                continue
            try:
                leases = await self._next(room)
            except QueueUnavailable as error:
                observe.queue_away("the worker", error)
                await self._clock.sleep(QUEUE_BACKOFF_SECONDS)
                continue
            self._start(group, leases)
            await self._clock.sleep(TAKES_APART)

    def _start(self, group: asyncio.TaskGroup, leases: Sequence[Lease]) -> None:
        room = self._fitness.room(len(leases))  # less than there was, if the store failed while they were taken
        self._fitness.taken(room)
        now = self._clock.monotonic()
        for number, lease in enumerate(leases):
            task = group.create_task(self._work(lease, wanted=number < room), name=lease.order_id)
            self._held[lease] = _InHand(task, now)

    async def _next(self, room: int) -> Sequence[Lease]:
        if self._fitness.cut_off:
            # Who reaches a venue comes first. What nobody took is taken all the same: its wait may be over.
            await self._clock.sleep(LEFT_OVER_SECONDS)
            return await self._queue.take(min(room, LEFT_OVER_MOST), 0)
        return await self._queue.take(min(room, TAKE_MOST), TAKE_WAIT_SECONDS)

    async def _work(self, lease: Lease, wanted: bool) -> None:
        try:
            await (self._finish(lease) if wanted else self._queue.retry_in(lease, 0))
        except LeaseLost:
            observe.lease_lost(lease.order_id)
        except QueueUnavailable as error:
            # The lease runs out by itself; whoever takes the job then finds the order as it is.
            observe.queue_away("a finished job", error)
        finally:
            del self._held[lease]
            observe.in_flight(len(self._held))
            self._fitness.changed.set()

    async def _finish(self, lease: Lease) -> None:
        try:
            outcome = await self._execute(lease.order_id)
        except asyncio.CancelledError:
            await self._queue.retry_in(lease, 0)
            raise
        except Exception as error:  # one order's surprise must not end its neighbours
            observe.job_failed(lease.order_id, error)
            await self._queue.retry_in(lease, ERROR_BACKOFF_SECONDS, failure=repr(error))
            return
        match outcome:
            case Done():
                await self._queue.done(lease)
            case RetryIn(seconds):
                await self._queue.retry_in(lease, seconds)

    async def _keep_leases(self) -> None:
        while True:
            await self._clock.sleep(self._lease_seconds / 3)
            try:
                lost = await self._queue.extend(list(self._held))
            except QueueUnavailable as error:
                # Go on with the orders in hand: their versions protect them. Only a definite loss stops one.
                observe.queue_away("the leases", error)
                continue
            self._stop_working_on(lost)

    async def _hand_back_in_vain(self) -> None:
        """Give others the orders that wait for a store that does not come back, or that only this worker misses.

        But for those that their venues have in hand: they go back when that is over, and their ends are looked up.
        """
        while True:
            await self._clock.sleep(HAND_BACK_SECONDS)
            if self._fitness.away_since is not None:
                in_vain = [lease for lease in self._held if self._waits_in_vain(lease)]
                observe.jobs_handed_back("store", len(in_vain))
                self._stop_working_on(in_vain)

    def _waits_in_vain(self, lease: Lease) -> bool:
        in_hand = self._held[lease]
        if lease.order_id in self._fitness.sending or in_hand.task.cancelling():
            return False
        return self._fitness.to_hand_back(in_hand.since, self._patience)

    def _stop_working_on(self, leases: Collection[Lease]) -> None:
        """Cancel these orders' tasks, which hand back what is still ours."""
        for lease in leases:
            in_hand = self._held.get(lease)
            if in_hand is not None and not in_hand.task.cancelling():
                in_hand.task.cancel()
