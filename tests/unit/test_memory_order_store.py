"""The in-memory order store keeps the contract."""

import pytest

from adapters.memory.order_store import InMemoryOrderStore
from tests.clock import ManualClock
from tests.contracts.id_ranges import IdRangesContract
from tests.contracts.order_store import OrderStoreContract
from tests.contracts.order_store_harness import OrderStoreHarness


class TestInMemoryOrderStore(OrderStoreContract):
    @pytest.fixture
    async def harness(self) -> OrderStoreHarness:
        clock = ManualClock()
        store = InMemoryOrderStore(clock)
        await store.open()
        return OrderStoreHarness(store, clock.advance, store.close)


class TestInMemoryIdRanges(IdRangesContract):
    @pytest.fixture
    def store(self) -> InMemoryOrderStore:
        return InMemoryOrderStore(ManualClock())
