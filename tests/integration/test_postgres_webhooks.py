"""The Postgres keepers of webhooks keep the contracts; and what only a database can show."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from typing import Any

import psycopg
import pytest

from adapters.postgres import webhook_statements as statements
from adapters.postgres.order_store import PostgresOrderStore
from adapters.postgres.read_pool import ReadPool
from adapters.postgres.sealed_secrets import SealedSecrets
from adapters.postgres.sessions import SESSION
from adapters.postgres.webhook_endpoints import PostgresWebhookEndpoints
from adapters.postgres.webhook_outbox import PostgresWebhookOutbox
from application.ports.webhooks import Settlement
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


async def test_an_order_that_cannot_be_read_holds_up_no_other(bench: WebhooksBench, migrated_url: str) -> None:
    await bench.added()
    bad, good = await bench.an_order(), await bench.an_order()
    await bench.outbox.settle(await bench.taken(), Settlement((), (), failures=1))  # so they are tried one by one
    with psycopg.connect(migrated_url, autocommit=True) as connection:
        connection.execute("UPDATE orders SET quotes = '{}' WHERE order_id = %s", (bad.order_id,))
    assert list(await bench.outbox.take(5, 5, 60)) == []
    [owed] = (await bench.taken()).owed
    assert owed.order_id == good.order_id


async def test_a_replay_reads_no_orders_that_came_after(bench: WebhooksBench, migrated_url: str) -> None:
    endpoint = await bench.added()
    with psycopg.connect(migrated_url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO orders (order_id, user_id, input_token, output_token, amount, status, logs, created_at, "
            "updated_at) SELECT gen_random_uuid(), 'user123', 'SOL', 'USDC', 1, 'pending', '{}', at, at "
            "FROM generate_series(1, 5000) AS n, "
            "LATERAL (SELECT timestamp '2026-01-01' + n * interval '1 minute' AS at) AS t"
        )
        given = "user123", *("2026-01-02", "2026-01-02 01:00") * 2, 0, 1000, endpoint.webhook_id
        [[[plan]]] = connection.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statements.REPLAY}", given).fetchall()
        assert connection.execute("SELECT count(*) FROM webhook_outbox").fetchall() == [(60,)]
    assert max(removed_rows(plan["Plan"])) < 10


def removed_rows(node: dict[str, Any]) -> Iterator[int]:
    yield node.get("Rows Removed by Filter", 0)
    for below in node.get("Plans", ()):
        yield from removed_rows(below)


async def test_however_many_are_removed_they_are_soon_forgotten(bench: WebhooksBench, migrated_url: str) -> None:
    for _ in range(20):
        await bench.endpoints.remove((await bench.added()).webhook_id)
    await bench.age(61)
    await bench.outbox.tidy()
    with psycopg.connect(migrated_url) as connection:
        assert connection.execute("SELECT count(*) FROM webhook_endpoints").fetchall() == [(0,)]
