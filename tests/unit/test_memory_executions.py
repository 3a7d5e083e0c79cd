"""The in-memory list of executions keeps the contract."""

import pytest

from adapters.memory.executions import InMemoryExecutions
from adapters.memory.order_store import InMemoryOrderStore
from tests.clock import ManualClock
from tests.contracts.executions import ExecutionsContract, ExecutionsHarness


class TestInMemoryExecutions(ExecutionsContract):
    @pytest.fixture
    def harness(self) -> ExecutionsHarness:
        store = InMemoryOrderStore(ManualClock())
        return ExecutionsHarness(InMemoryExecutions(store.executions), store)
