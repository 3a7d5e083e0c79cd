"""The in-memory order queue agrees with a plain model, whatever is called in whatever order."""

from collections.abc import Sequence

from hypothesis import settings

from adapters.memory.order_queue import InMemoryJobs, InMemoryOrderQueue
from application.ports.order_queue import OrderQueue
from tests.clock import ManualClock
from tests.contracts.order_queue_machine import LEASE_SECONDS, MOST_DELIVERIES, OrderQueueMachine


class InMemoryMachine(OrderQueueMachine):
    async def new_queues(self, holders: Sequence[str]) -> Sequence[OrderQueue]:
        self.clock, jobs = ManualClock(), InMemoryJobs()
        return [
            InMemoryOrderQueue(
                self.clock, name, lease_seconds=LEASE_SECONDS, most_deliveries=MOST_DELIVERIES, jobs=jobs
            )
            for name in holders
        ]

    async def pass_time(self, seconds: float) -> None:
        await self.clock.advance(seconds)


TestInMemoryOrderQueueMachine = InMemoryMachine.TestCase
TestInMemoryOrderQueueMachine.settings = settings(max_examples=300, stateful_step_count=40, deadline=None)
