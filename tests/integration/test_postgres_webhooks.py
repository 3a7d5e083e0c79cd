"""The Postgres keepers of webhooks keep the contracts; and what only a database can show."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import psycopg
import pytest

from adapters.postgres.order_store import PostgresOrderStore
from adapters.postgres.read_pool import ReadPool
from adapters.postgres.sealed_secrets import SealedSecrets
from adapters.postgres.sessions import SESSION
from adapters.postgres.webhook_endpoints import PostgresWebhookEndpoints
from adapters.postgres.webhook_outbox import PostgresWebhookOutbox
from tests.contracts.webhooks import MOST, WebhookEndpointsContract, WebhookOutboxContract, WebhooksBench, an_endpoint

KEY = bytes(range(32))


@pytest.fixture
async def bench(migrated_url: str) -> AsyncIterator[WebhooksBench]:
    async def age(seconds: float) -> None:
        with psycopg.connect(migrated_url, autocommit=True) as connection:
            for change in (
                "UPDATE webhook_endpoints SET leased_until = leased_until - make_interval(secs => %(s)s), "
                "retry_at = retry_at - make_interval(secs => %(s)s), "
                "removed_at = removed_at - make_interval(secs => %(s)s)",
                "UPDATE webhook_outbox SET due_at = due_at - make_interval(secs => %(s)s)",
            ):
                connection.execute(change, {"s": seconds})

    async with AsyncExitStack() as stack:
        stores = [PostgresOrderStore(migrated_url) for _ in range(2)]
        outboxes = []
        for store in stores:
            await store.open()
            stack.push_async_callback(store.close)
            outboxes.append(PostgresWebhookOutbox(ReadPool(store.connector, SESSION, 2), SealedSecrets(KEY)))
            stack.push_async_callback(outboxes[-1].close)
        endpoints = PostgresWebhookEndpoints(stores[0].reads, SealedSecrets(KEY))
        yield WebhooksBench(endpoints, outboxes[0], outboxes[1], stores[0], age)


class TestPostgresWebhookEndpoints(WebhookEndpointsContract):
    @pytest.fixture
    def bench(self, bench: WebhooksBench) -> WebhooksBench:
        return bench


class TestPostgresWebhookOutbox(WebhookOutboxContract):
    @pytest.fixture
    def bench(self, bench: WebhooksBench) -> WebhooksBench:
        return bench


async def test_no_secret_is_in_the_database_as_it_is(bench: WebhooksBench, migrated_url: str) -> None:
    endpoint = an_endpoint(secret="whsec_cGxhaW50ZXh0")
    await bench.endpoints.add(endpoint, MOST)
    await bench.endpoints.change(endpoint.rotate("whsec_b3RoZXI", endpoint.created_at))
    with psycopg.connect(migrated_url) as connection:
        [(row, secret, previous)] = connection.execute(
            "SELECT to_json(e)::text, secret, previous_secret FROM webhook_endpoints AS e"
        ).fetchall()
    assert "whsec" not in row
    assert b"whsec" not in bytes(secret) + bytes(previous)


async def test_a_secret_opens_with_its_key_and_in_its_row_alone(bench: WebhooksBench, migrated_url: str) -> None:
    endpoint, other = await bench.added(), await bench.added()
    store = PostgresOrderStore(migrated_url)
    with_another_key = PostgresWebhookEndpoints(store.reads, SealedSecrets(bytes(32)))
    found = await with_another_key.get(endpoint.webhook_id)
    assert found
    assert found.secret == ""
    with psycopg.connect(migrated_url, autocommit=True) as connection:
        connection.execute(
            "UPDATE webhook_endpoints SET secret = (SELECT secret FROM webhook_endpoints WHERE webhook_id = %s) "
            "WHERE webhook_id = %s",
            (endpoint.webhook_id, other.webhook_id),
        )
    swapped = await bench.endpoints.get(other.webhook_id)
    assert swapped
    assert swapped.secret == ""
    await store.close()


async def test_what_is_removed_leaves_nothing_behind(bench: WebhooksBench, migrated_url: str) -> None:
    endpoint, stays = await bench.added(), await bench.added()
    await bench.an_order()
    await bench.endpoints.remove(endpoint.webhook_id)
    await bench.outbox.tidy()
    await bench.age(61)
    for _ in range(2):
        await bench.outbox.tidy()
    with psycopg.connect(migrated_url) as connection:
        rows = connection.execute(
            "SELECT webhook_id::text FROM webhook_endpoints UNION ALL SELECT webhook_id::text FROM webhook_outbox"
        ).fetchall()
    assert rows == [(stays.webhook_id,), (stays.webhook_id,)]
