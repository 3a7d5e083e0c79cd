"""What manages webhooks in tests' engines: in memory, with receivers that answer as they are told."""

from attrs import define, field

from adapters.memory.order_store import InMemoryOrderStore
from adapters.memory.webhook_outbox import InMemoryWebhookOutbox
from application.manage_webhooks import ManageWebhooks
from application.ports.order_store import OrderStore
from application.ports.system import Clock
from application.ports.webhooks import Answer
from domain.webhook import WebhookEndpoint
from entrypoints.container.webhooks import new_secret
from entrypoints.system import RandomIds


@define
class ToldReceivers:
    """Takes whatever is sent, and answers with `answer`."""

    answer: Answer = field(factory=lambda: Answer(204))
    bodies: list[str] = field(factory=list)

    async def send_signed(self, endpoint: WebhookEndpoint, message_id: str, body: str) -> Answer:
        self.bodies.append(body)
        return self.answer


def managed(store: OrderStore, clock: Clock, receivers: ToldReceivers | None = None) -> ManageWebhooks | None:
    """Return the use case of a store in memory; None for any other."""
    if not isinstance(store, InMemoryOrderStore):
        return None
    outbox = InMemoryWebhookOutbox(clock, store)
    return ManageWebhooks(store.webhooks, outbox, receivers or ToldReceivers(), clock, RandomIds(), new_secret, False)
