"""Webhook endpoints in Postgres, their secrets sealed."""

import json
from collections.abc import Sequence
from typing import Any

from adapters.postgres import webhook_statements as statements
from adapters.postgres.read_pool import ReadPool
from adapters.postgres.sealed_secrets import SealedSecrets
from adapters.postgres.times import stored, utc
from application.ports.errors import DataRefused
from domain.webhook import WebhookEndpoint


class PostgresWebhookEndpoints:
    """Endpoints in a table, over a store's connections for reads."""

    def __init__(self, reads: ReadPool, secrets: SealedSecrets) -> None:
        self._reads = reads
        self._secrets = secrets

    async def add(self, endpoint: WebhookEndpoint, most: int) -> bool:
        return bool(await self._reads.change(statements.ADD, (self._values(endpoint), most)))

    async def get(self, webhook_id: str) -> WebhookEndpoint | None:
        rows = await self._reads.run(statements.GET, (webhook_id,))
        return read_endpoint(rows[0], self._secrets) if rows else None

    async def find(self, user_id: str | None) -> Sequence[WebhookEndpoint]:
        if user_id is None:
            rows = await self._reads.run(statements.ALL, ())
        else:
            rows = await self._reads.run(statements.OF_USER, (user_id,))
        return [read_endpoint(row, self._secrets) for row in rows]

    async def change(self, endpoint: WebhookEndpoint) -> bool:
        return bool(await self._reads.change(statements.CHANGE, (self._values(endpoint),)))

    async def remove(self, webhook_id: str) -> None:
        try:
            await self._reads.change(statements.REMOVE, (webhook_id,))
        except DataRefused:  # no endpoint can have such an id
            return

    def _values(self, endpoint: WebhookEndpoint) -> str:
        """Return the parameter of a statement that keeps an endpoint."""
        previous = endpoint.previous_secret
        values = {
            "webhook_id": endpoint.webhook_id,
            "user_id": endpoint.user_id,
            "url": endpoint.url,
            "events": list(endpoint.events),
            "secret": self._secrets.seal(endpoint.secret, endpoint.webhook_id).hex(),
            "previous_secret": self._secrets.seal(previous, endpoint.webhook_id).hex() if previous else None,
            "previous_until": stored(endpoint.previous_until),
            "created_at": stored(endpoint.created_at),
            "enabled_at": stored(endpoint.enabled_at),
            "disabled_at": stored(endpoint.disabled_at),
            "disabled_why": endpoint.disabled_why,
            "revision": endpoint.revision,
        }
        return json.dumps(values, ensure_ascii=False, default=str)


def read_endpoint(row: Sequence[Any], secrets: SealedSecrets) -> WebhookEndpoint:
    """Return the endpoint of a row; a secret that does not open is empty."""
    (
        webhook_id, user_id, url, events, secret, previous_secret, previous_until,
        created_at, enabled_at, disabled_at, disabled_why, revision,
    ) = row  # fmt: skip
    return WebhookEndpoint(
        webhook_id=webhook_id,
        user_id=user_id,
        url=url,
        events=tuple(events),
        secret=secrets.open(bytes(secret), webhook_id) or "",
        created_at=utc(created_at),
        enabled_at=utc(enabled_at),
        disabled_at=disabled_at and utc(disabled_at),
        disabled_why=disabled_why,
        previous_secret=secrets.open(bytes(previous_secret), webhook_id) if previous_secret else None,
        previous_until=previous_until and utc(previous_until),
        revision=revision,
    )
