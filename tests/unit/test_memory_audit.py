"""The record in memory keeps the contract."""

import pytest

from adapters.memory.audit import InMemoryAudit
from adapters.memory.order_store import InMemoryOrderStore
from adapters.memory.partial_halts import InMemoryPartialHalts
from adapters.memory.trading_halts import InMemoryTradingHalts
from tests.clock import ManualClock
from tests.contracts.audit import AuditBench, AuditContract


class TestInMemoryAudit(AuditContract):
    @pytest.fixture
    def bench(self) -> AuditBench:
        clock = ManualClock()
        store = InMemoryOrderStore(clock)
        audit: InMemoryAudit = store.audit
        return AuditBench(audit, store, InMemoryTradingHalts(clock, store), InMemoryPartialHalts(clock, audit))
