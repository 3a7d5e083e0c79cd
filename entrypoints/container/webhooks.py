"""Makes what webhooks need, where there are any."""

import secrets
from base64 import b64encode
from hashlib import blake2b
from typing import TYPE_CHECKING

from attrs import frozen

from application.deliver_webhooks import DeliverWebhooks
from application.manage_webhooks import ManageWebhooks
from application.ports.system import Clock, Ids
from application.ports.webhooks import WebhookEndpoints, WebhookOutbox
from entrypoints.lifecycle import Closing, Resource, Together
from entrypoints.secret_file import read_secret
from entrypoints.settings import PREFIX, Settings

if TYPE_CHECKING:
    from adapters.memory.order_store import InMemoryOrderStore
    from adapters.postgres.order_store import PostgresOrderStore

KEY_VARIABLE = f"{PREFIX}WEBHOOKS_KEY_FILE"
_SECRET_BYTES = 32
# An endpoint's lease: as many of orders' as those, and never less than its batch, the last answer and settling take.
_LEASES, _LEASE_LEAST = 3, 20.0


@frozen
class Webhooks:
    """The use cases, and what to close after them."""

    manage: ManageWebhooks
    deliver: DeliverWebhooks
    resource: Resource


def memory_webhooks(settings: Settings, store: "InMemoryOrderStore", clock: Clock, ids: Ids) -> Webhooks:
    """Return the webhooks of an engine in memory; their secrets go with it."""
    from adapters.memory.webhook_outbox import InMemoryWebhookOutbox

    return _made(settings, store.webhooks, InMemoryWebhookOutbox(clock, store), clock, ids)


def live_webhooks(settings: Settings, store: "PostgresOrderStore", clock: Clock, ids: Ids) -> Webhooks | None:
    """Return the webhooks of an engine that has a key for their secrets. Raises SettingsError."""
    if settings.webhooks_key_file is None:
        return None
    from adapters.postgres.read_pool import ReadPool  # only for those who need them: it takes its time
    from adapters.postgres.sealed_secrets import SealedSecrets
    from adapters.postgres.sessions import SESSION
    from adapters.postgres.webhook_endpoints import PostgresWebhookEndpoints
    from adapters.postgres.webhook_outbox import PostgresWebhookOutbox

    content = read_secret(settings.webhooks_key_file, KEY_VARIABLE)
    sealed = SealedSecrets(blake2b(content, digest_size=32, person=b"webhooks").digest())
    outbox = PostgresWebhookOutbox(ReadPool(store.connector, SESSION, 2), sealed)
    return _made(settings, PostgresWebhookEndpoints(store.reads, sealed), outbox, clock, ids, Closing(outbox.close))


def managed_webhooks(webhooks: Webhooks | None) -> ManageWebhooks | None:
    """Return the use case of those who manage them, where there are any."""
    return None if webhooks is None else webhooks.manage


def webhook_resource(webhooks: Webhooks | None) -> Resource:
    """Return what is to be closed of them."""
    return Together(()) if webhooks is None else webhooks.resource


def new_secret() -> str:
    """Return a secret of 256 bits, as Standard Webhooks writes one."""
    return f"whsec_{b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()}"


def _made(
    settings: Settings, endpoints: WebhookEndpoints, outbox: WebhookOutbox, clock: Clock, ids: Ids, *closed: Resource
) -> Webhooks:
    from adapters.webhook_http.sender import HttpWebhookSender

    private = settings.webhooks_allow_private == "yes"
    sender = HttpWebhookSender(clock, allow_private=private)
    chance = secrets.SystemRandom().random
    lease_seconds = max(_LEASES * settings.lease_seconds, _LEASE_LEAST)
    return Webhooks(
        ManageWebhooks(endpoints, outbox, sender, clock, ids, new_secret, private),
        DeliverWebhooks(outbox, sender, clock, chance, settings.webhooks_per_second, lease_seconds),
        Together((*closed, Closing(sender.close))),
    )
