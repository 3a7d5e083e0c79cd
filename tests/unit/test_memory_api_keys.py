"""The keeper of keys in memory keeps the contract."""

import pytest

from adapters.memory.api_keys import InMemoryApiKeys
from adapters.memory.audit import InMemoryAudit
from tests.clock import ManualClock
from tests.contracts.api_keys import ApiKeysContract


class TestInMemoryApiKeys(ApiKeysContract):
    @pytest.fixture
    def keys(self) -> InMemoryApiKeys:
        return InMemoryApiKeys(InMemoryAudit(ManualClock()))

    @pytest.fixture
    def audit(self, keys: InMemoryApiKeys) -> InMemoryAudit:
        return keys.audit
