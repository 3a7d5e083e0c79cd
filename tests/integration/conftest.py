"""Fixtures of the integration tests."""

import asyncio
from collections.abc import Iterator

import psycopg
import pytest

from adapters.postgres.migrator import Migrator
from tests import processes, servers, warm

processes.warm_starts = warm.CAN_START


@pytest.fixture(scope="module")
def _shared_database_url(postgres_url: str) -> Iterator[str]:
    with servers.empty_database(postgres_url) as url:
        asyncio.run(Migrator(url).apply())
        yield url


@pytest.fixture
def migrated_url(_shared_database_url: str) -> str:
    """A database with the schema and no rows: `database_url`, but quicker, and for no test that changes the schema."""
    with psycopg.connect(_shared_database_url, autocommit=True) as connection:
        connection.execute(
            "TRUNCATE orders, order_events, idempotency_keys, executions, transaction_payloads, trading_halts, "
            "partial_halts, finality_sweep, webhook_endpoints, webhook_outbox, webhook_deliveries RESTART IDENTITY"
        )
        connection.execute("SET session_replication_role = replica")  # else the record of acts refuses
        connection.execute("TRUNCATE audit_log RESTART IDENTITY")
    return _shared_database_url
