"""The worker: takes jobs while it has free slots, keeps their leases, and hands back what it cannot finish."""

import asyncio

from application import observe
from application.execute_order import HALTED_SECONDS, Done, ExecuteOrder, RetryIn
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


class Worker:
    """Runs up to `concurrency` orders at once in one event loop."""

    def __init__(
        self,
        queue: OrderQueue,
        execute: ExecuteOrder,
        clock: Clock,
        gate: TradingGate,
        *,
        concurrency: int,
        lease_seconds: float,
        grace_seconds: float,
    ) -> None:
        self._queue = queue
        self._execute = execute
        self._clock = clock
        self._gate = gate
        self._concurrency = concurrency
        self._lease_seconds = lease_seconds
        self._grace_seconds = grace_seconds
        self._held: dict[Lease, asyncio.Task[None]] = {}
        self._freed = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; then finish what is in flight, and after the grace time hand the rest back."""
        observe.worker_ready(self._concurrency)
        async with asyncio.TaskGroup() as group:
            extender = group.create_task(self._keep_leases())
            taker = group.create_task(self._take(group, stop))
            await stop.wait()
            self._freed.set()
            await asyncio.wait([taker])
            if self._held:
                await asyncio.wait(self._held.values(), timeout=self._grace_seconds)
            rest = list(self._held.values())
            for task in rest:
                task.cancel()
            if rest:
                await asyncio.wait(rest)
            extender.cancel()

    async def _take(self, group: asyncio.TaskGroup, stop: asyncio.Event) -> None:
        # Never cancelled in a take: jobs that were leased just then would wait for their lease to run out.
        while not stop.is_set():
            observe.in_flight(len(self._held))
            free = self._concurrency - len(self._held)
            if free <= 0:
                self._freed.clear()
                await self._freed.wait()
                continue
            if not self._gate.executes:
                await self._clock.sleep(HALTED_SECONDS)
                continue
            try:
                leases = await self._queue.take(min(free, TAKE_MOST), TAKE_WAIT_SECONDS)
            except QueueUnavailable as error:
                observe.queue_away("the worker", error)
                await self._clock.sleep(QUEUE_BACKOFF_SECONDS)
                continue
            for lease in leases:
                self._held[lease] = group.create_task(self._work(lease), name=lease.order_id)
            await self._clock.sleep(TAKES_APART)

    async def _work(self, lease: Lease) -> None:
        try:
            await self._finish(lease)
        except LeaseLost:
            observe.lease_lost(lease.order_id)
        except QueueUnavailable as error:
            # The lease runs out by itself; whoever takes the job then finds the order as it is.
            observe.queue_away("a finished job", error)
        finally:
            del self._held[lease]
            observe.in_flight(len(self._held))
            self._freed.set()

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
            for lease in lost:
                task = self._held.get(lease)
                if task is not None:
                    task.cancel()
