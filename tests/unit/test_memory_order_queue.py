"""The in-memory order queue keeps the contract."""

import pytest

from adapters.memory.order_queue import InMemoryJobs, InMemoryOrderQueue
from tests.clock import ManualClock
from tests.contracts.order_queue import OrderQueueContract
from tests.contracts.order_queue_harness import LONG, OrderQueueHarness


class TestInMemoryOrderQueue(OrderQueueContract):
    @pytest.fixture
    def harness(self) -> OrderQueueHarness:
        clock, jobs = ManualClock(), InMemoryJobs()
        given: list[InMemoryOrderQueue] = []

        async def holder(name: str, lease_seconds: float = LONG) -> InMemoryOrderQueue:
            given.append(InMemoryOrderQueue(clock, name, lease_seconds=lease_seconds, jobs=jobs))
            return given[-1]

        async def close() -> None:
            for queue in given:
                await queue.close()

        return OrderQueueHarness(holder, clock.advance, close)
