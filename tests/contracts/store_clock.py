"""What every store must tell of its clock. A test class derives from `StoreClockContract`, gives `store_clock`."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest


class StoreClockContract:
    @pytest.fixture
    def store_clock(self) -> Any:
        """Give the clock of an open store on this machine; a test class overrides this."""
        raise NotImplementedError

    async def test_it_tells_the_time_in_utc(self, store_clock: Any) -> None:
        before = datetime.now(UTC)
        at = await store_clock.read_clock()
        assert at.utcoffset() == timedelta(0)
        assert before - timedelta(milliseconds=1) <= at <= datetime.now(UTC)

    async def test_it_goes_on(self, store_clock: Any) -> None:
        first = await store_clock.read_clock()
        assert first <= await store_clock.read_clock()
