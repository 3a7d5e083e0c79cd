"""The halts in memory keep the contract."""

import pytest

from adapters.memory.order_store import InMemoryOrderStore
from adapters.memory.trading_halts import InMemoryTradingHalts
from tests.clock import ManualClock
from tests.contracts.trading_halts import HaltsBench, TradingHaltsContract


class TestInMemoryTradingHalts(TradingHaltsContract):
    @pytest.fixture
    def bench(self) -> HaltsBench:
        clock = ManualClock()
        store = InMemoryOrderStore(clock)
        halts = InMemoryTradingHalts(clock, store)
        return HaltsBench(halts, halts, store)
