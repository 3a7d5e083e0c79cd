"""Webhook endpoints in this process's memory."""

from collections.abc import Sequence
from datetime import datetime

from attrs import define, evolve, field

from domain.order import Order
from domain.webhook import WebhookEndpoint


@define
class OutboxRow:
    """How far an endpoint is with an order, and when it is looked at next."""

    due_at: datetime
    delivered_seq: int = -1
    failures: int = 0
    failing_since: datetime | None = None


@define
class EndpointState:
    """An endpoint, and what deliverers know of it."""

    endpoint: WebhookEndpoint
    lease: int = 0
    leased_until: datetime | None = None
    failures: int = 0
    failing_since: datetime | None = None
    retry_at: datetime | None = None
    outbox: dict[str, OutboxRow] = field(factory=dict)  # by order


@define(eq=False)
class InMemoryWebhookEndpoints:
    """Keeps endpoints until the process ends; the store names it each order that is added."""

    states: dict[str, EndpointState] = field(factory=dict)

    def order_added(self, order: Order, at: datetime) -> None:
        """Owe an order to the endpoints of its user."""
        for state in self.states.values():
            if state.endpoint.user_id == order.user_id and state.endpoint.enabled:
                state.outbox[order.order_id] = OutboxRow(at)

    async def add(self, endpoint: WebhookEndpoint, most: int) -> bool:
        others = [one for one in await self.find(endpoint.user_id) if one.webhook_id != endpoint.webhook_id]
        if len(others) >= most:
            return False
        self.states.setdefault(endpoint.webhook_id, EndpointState(endpoint))
        return True

    async def get(self, webhook_id: str) -> WebhookEndpoint | None:
        state = self.states.get(webhook_id)
        return state.endpoint if state else None

    async def find(self, user_id: str | None) -> Sequence[WebhookEndpoint]:
        found = (state.endpoint for state in self.states.values())
        wanted = (one for one in found if user_id in (None, one.user_id))
        return sorted(wanted, key=lambda one: (one.created_at, one.webhook_id))

    async def change(self, endpoint: WebhookEndpoint) -> bool:
        state = self.states.get(endpoint.webhook_id)
        if state is None or state.endpoint.revision != endpoint.revision:
            return False
        if state.endpoint.enabled_at != endpoint.enabled_at:
            state.failures, state.failing_since, state.retry_at = 0, None, None
        state.endpoint = evolve(endpoint, revision=endpoint.revision + 1)
        return True

    async def remove(self, webhook_id: str) -> None:
        self.states.pop(webhook_id, None)
