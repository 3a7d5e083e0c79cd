"""What every order store must do. An adapter's test class derives from `OrderStoreContract` and gives its `harness`."""

from typing import Any

import pytest

from application.ports.order_store import OrderStore
from tests.contracts.order_store_adds import AddContract
from tests.contracts.order_store_appends import AppendContract
from tests.contracts.order_store_harness import OrderStoreHarness
from tests.contracts.order_store_lists import ListContract
from tests.contracts.order_store_reads import ReadContract, UnfinishedContract
from tests.contracts.order_store_records import RecordContract


class OrderStoreContract(AddContract, AppendContract, RecordContract, ReadContract, ListContract, UnfinishedContract):
    @pytest.fixture
    def harness(self) -> Any:
        """Give an open, empty store; a test class overrides this."""
        raise NotImplementedError

    @pytest.fixture
    def store(self, harness: OrderStoreHarness) -> OrderStore:
        return harness.store

    async def test_closing_twice_is_fine(self, harness: OrderStoreHarness) -> None:
        await harness.close()
        await harness.close()
