"""Counts in memory keep the contract."""

import pytest

from adapters.memory.order_counts import InMemoryOrderCounts
from tests.clock import ManualClock
from tests.contracts.order_counts import CountsBench, OrderCountsContract


class TestInMemoryOrderCounts(OrderCountsContract):
    @pytest.fixture
    def bench(self) -> CountsBench:
        clock = ManualClock()
        counts = InMemoryOrderCounts(clock)
        return CountsBench(counts, counts, clock.now)
