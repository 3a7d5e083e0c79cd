"""The in-memory update feed keeps the contract."""

import pytest

from adapters.memory.update_feed import InMemoryUpdateFeed
from tests.contracts.update_feed import UpdateFeedContract, UpdateFeedHarness


class TestInMemoryUpdateFeed(UpdateFeedContract):
    @pytest.fixture
    def harness(self) -> UpdateFeedHarness:
        feed = InMemoryUpdateFeed()
        return UpdateFeedHarness(feed, feed, feed.close)
