"""The in-memory keepers of webhooks keep the contracts."""

import pytest

from adapters.memory.order_store import InMemoryOrderStore
from adapters.memory.webhook_endpoints import InMemoryWebhookEndpoints
from adapters.memory.webhook_outbox import InMemoryWebhookOutbox
from tests.clock import ManualClock
from tests.contracts.webhooks import WebhookEndpointsContract, WebhookOutboxContract, WebhooksBench


def a_bench() -> WebhooksBench:
    clock = ManualClock()
    store = InMemoryOrderStore(clock)
    endpoints: InMemoryWebhookEndpoints = store.webhooks
    outbox = InMemoryWebhookOutbox(clock, store)
    return WebhooksBench(endpoints, outbox, outbox, store, clock.step)


class TestInMemoryWebhookEndpoints(WebhookEndpointsContract):
    @pytest.fixture
    def bench(self) -> WebhooksBench:
        return a_bench()


class TestInMemoryWebhookOutbox(WebhookOutboxContract):
    @pytest.fixture
    def bench(self) -> WebhooksBench:
        return a_bench()
