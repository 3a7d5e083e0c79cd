"""The in-memory order queue agrees with a plain model, whatever is called in whatever order."""

from collections.abc import Sequence

from hypothesis import settings

from adapters.memory.jobs import InMemoryJobs
from adapters.memory.order_queue import InMemoryOrderQueue
from adapters.memory.queue_operations import InMemoryQueueOperations
from application.ports.order_queue import OrderQueue
from application.ports.queue_operations import QueueOperations
from tests.clock import ManualClock
from tests.contracts.order_queue_machine import LEASE_SECONDS, MOST_DELIVERIES, OrderQueueMachine


class InMemoryMachine(OrderQueueMachine):
    async def new_queues(self, holders: Sequence[str]) -> tuple[Sequence[OrderQueue], QueueOperations]:
        self.clock, jobs = ManualClock(), InMemoryJobs()
        queues = [
            InMemoryOrderQueue(
                self.clock, name, lease_seconds=LEASE_SECONDS, most_deliveries=MOST_DELIVERIES, jobs=jobs
            )
            for name in holders
        ]
        return queues, InMemoryQueueOperations(self.clock, jobs)

    async def pass_time(self, seconds: float) -> None:
        await self.clock.advance(seconds)


TestInMemoryOrderQueueMachine = InMemoryMachine.TestCase
TestInMemoryOrderQueueMachine.settings = settings(max_examples=300, stateful_step_count=40, deadline=None)
