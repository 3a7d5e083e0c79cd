"""Workers in memory keep the contract."""

import pytest

from adapters.memory.workers import InMemoryWorkers
from tests.clock import ManualClock
from tests.contracts.workers import WorkersBench, WorkersContract


class TestInMemoryWorkers(WorkersContract):
    @pytest.fixture
    def bench(self) -> WorkersBench:
        workers = InMemoryWorkers(ManualClock())
        return WorkersBench(workers, workers)
