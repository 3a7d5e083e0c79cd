"""The in-memory queue and its operations keep their contracts."""

import pytest

from adapters.memory.jobs import InMemoryJobs
from adapters.memory.order_queue import InMemoryOrderQueue
from adapters.memory.queue_operations import InMemoryQueueOperations
from tests.clock import ManualClock
from tests.contracts.order_queue import OrderQueueContract
from tests.contracts.order_queue_harness import LONG, OrderQueueHarness
from tests.contracts.queue_operations import QueueOperationsContract


@pytest.fixture
def harness() -> OrderQueueHarness:
    clock, jobs = ManualClock(), InMemoryJobs()
    given: list[InMemoryOrderQueue] = []

    async def holder(name: str, lease_seconds: float = LONG) -> InMemoryOrderQueue:
        given.append(InMemoryOrderQueue(clock, name, lease_seconds=lease_seconds, jobs=jobs))
        return given[-1]

    async def close() -> None:
        for queue in given:
            await queue.close()

    return OrderQueueHarness(holder, InMemoryQueueOperations(clock, jobs), clock.advance, close)


class TestInMemoryOrderQueue(OrderQueueContract):
    @pytest.fixture
    def harness(self, harness: OrderQueueHarness) -> OrderQueueHarness:
        return harness


class TestInMemoryQueueOperations(QueueOperationsContract):
    @pytest.fixture
    def harness(self, harness: OrderQueueHarness) -> OrderQueueHarness:
        return harness
