"""What every store must tell of its ids. An adapter's test class derives from `IdRangesContract`, gives its `store`."""

from typing import Any

import pytest

from tests.builders import an_order


class IdRangesContract:
    @pytest.fixture
    def store(self) -> Any:
        """Give an open, empty store; a test class overrides this."""
        raise NotImplementedError

    async def test_a_new_store_has_all_of_its_ids_left(self, store: Any) -> None:
        assert all(0 <= used < 1e-9 for used in (await store.id_ranges_used()).values())

    async def test_an_order_takes_nothing_back(self, store: Any) -> None:
        before = await store.id_ranges_used()
        await store.add(an_order())
        after = await store.id_ranges_used()
        assert after.keys() == before.keys()
        assert all(after[table] >= before[table] for table in before)
