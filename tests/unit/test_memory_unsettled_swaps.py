"""The in-memory keeper of unsettled swaps keeps the contract."""

import pytest

from adapters.memory.executions import InMemoryExecutions
from adapters.memory.order_store import InMemoryOrderStore
from adapters.memory.unsettled_swaps import InMemoryUnsettledSwaps
from tests.clock import ManualClock
from tests.contracts.unsettled_swaps import UnsettledSwapsBench, UnsettledSwapsContract


class TestInMemoryUnsettledSwaps(UnsettledSwapsContract):
    @pytest.fixture
    def bench(self) -> UnsettledSwapsBench:
        clock = ManualClock()
        store = InMemoryOrderStore(clock)
        swaps = InMemoryUnsettledSwaps(clock, store)

        async def payloads() -> int:
            return len(store.unsettled)

        return UnsettledSwapsBench(swaps, swaps, store, InMemoryExecutions(store.executions), clock.step, payloads)
