"""The in-memory order store keeps the contract."""

from collections.abc import Awaitable

import pytest
from attrs import evolve

from adapters.memory.order_store import InMemoryOrderStore
from domain.order import Order
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

        def add_held(order: Order) -> Awaitable[object]:
            return store.add(evolve(order, held=True))

        return OrderStoreHarness(store, clock.advance, add_held, store.close, clock.step)


class TestInMemoryIdRanges(IdRangesContract):
    @pytest.fixture
    def store(self) -> InMemoryOrderStore:
        return InMemoryOrderStore(ManualClock())
