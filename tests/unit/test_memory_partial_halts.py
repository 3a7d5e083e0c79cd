"""Partial halts in memory keep the contract."""

import pytest

from adapters.memory.partial_halts import InMemoryPartialHalts
from tests.clock import ManualClock
from tests.contracts.partial_halts import PartialHaltsBench, PartialHaltsContract


class TestInMemoryPartialHalts(PartialHaltsContract):
    @pytest.fixture
    def bench(self) -> PartialHaltsBench:
        halts = InMemoryPartialHalts(ManualClock())
        return PartialHaltsBench(halts, halts)
