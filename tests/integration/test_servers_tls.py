"""TLS to Postgres and to Redis: a good certificate is trusted, and to any other nothing is said, no password either."""

import asyncio
from typing import Any

import httpx
import pytest
from attrs import frozen

from adapters.postgres.order_store import PostgresOrderStore
from adapters.postgres.server_fault import postgres_fault
from adapters.redis.clients import queue_client
from adapters.redis.order_queue import RedisOrderQueue
from adapters.redis.server_fault import redis_fault
from application.ports.errors import QueueUnavailable, StoreUnavailable
from tests.certificates import Authority, Issued
from tests.clients import all_final, new_engine, submit
from tests.processes import running
from tests.tls_relay import tls_relay


@frozen
class Files:
    """Certificates of two authorities, of which only `ours` is trusted."""

    ours: Authority
    theirs: Authority
    good: Issued
    other_host: Issued
    expired: Issued
    foreign: Issued
    client: Issued
    foreign_client: Issued


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    folder = tmp_path_factory.mktemp("certificates")
    ours, theirs = Authority.new(folder / "ours"), Authority.new(folder / "theirs")
    return Files(
        ours,
        theirs,
        ours.issue("good"),
        ours.issue("other", ["DNS:db.example.com"]),
        ours.issue("expired", expired=True),
        theirs.issue("foreign"),
        ours.issue("client", ["DNS:engine"]),
        theirs.issue("client", ["DNS:engine"]),
    )


async def postgres_says(url: str) -> str:
    """Connect; return why that was not possible, as an operator is told."""
    store = PostgresOrderStore(url)
    await store.open()
    try:
        await store.connect()
        await store.ping()
    except StoreUnavailable:
        fault = await postgres_fault(url)
        return fault.text if fault else "away"
    finally:
        await store.close()
    return ""


async def redis_says(url: str) -> str:
    """The same of Redis."""
    client = queue_client(url)
    queue = RedisOrderQueue(client, "w1", lease_seconds=10)
    await queue.open()
    try:
        await queue.ping()
    except QueueUnavailable:
        fault = await redis_fault(url)
        return fault.text if fault else "away"
    finally:
        await queue.close()
        await client.aclose()
    return ""


# By the server's certificate and the URL's options for Postgres: whether it is trusted.
POSTGRES = [
    ("good", {"sslmode": "verify-full"}, True),
    ("good", {"sslmode": "verify-ca"}, True),
    ("good", {"sslmode": "require"}, True),
    ("other_host", {"sslmode": "verify-ca"}, True),
    ("other_host", {"sslmode": "verify-full"}, False),
    ("expired", {"sslmode": "verify-full"}, False),
    ("expired", {"sslmode": "verify-ca"}, False),
    ("foreign", {"sslmode": "verify-full"}, False),
    ("foreign", {"sslmode": "verify-ca"}, False),
]
REDIS = [
    ("good", {}, True),
    ("other_host", {"ssl_check_hostname": "False"}, True),
    ("other_host", {}, False),
    ("expired", {}, False),
    ("foreign", {}, False),
]


@pytest.mark.parametrize(("shown", "options", "trusted"), POSTGRES)
async def test_postgres_is_trusted_by_its_certificate_or_told_nothing(
    migrated_url: str, files: Files, shown: str, options: dict[str, str], trusted: bool
) -> None:
    with tls_relay(migrated_url, getattr(files, shown)) as relay:
        said = await postgres_says(relay.url(sslrootcert=files.ours.certificate, **options))
        assert (said == "") is trusted, said
        assert (relay.passed > 0) is trusted
        assert trusted or "certificate" in said


@pytest.mark.parametrize(("shown", "options", "trusted"), REDIS)
async def test_redis_is_trusted_by_its_certificate_or_told_nothing(
    redis_db_url: str, files: Files, shown: str, options: dict[str, str], trusted: bool
) -> None:
    with tls_relay(redis_db_url, getattr(files, shown)) as relay:
        said = await redis_says(relay.url(ssl_ca_certs=files.ours.certificate, **options))
        assert (said == "") is trusted, said
        assert trusted or "certificate" in said
        assert trusted or relay.passed <= 1  # the fault's look, which says PING and no password


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
async def test_a_name_and_an_address_are_checked_alike(
    migrated_url: str, redis_db_url: str, files: Files, host: str
) -> None:
    with tls_relay(migrated_url, files.good) as postgres, tls_relay(redis_db_url, files.good) as redis:
        assert await postgres_says(postgres.url(host, sslmode="verify-full", sslrootcert=files.ours.certificate)) == ""
        assert await redis_says(redis.url(host, ssl_ca_certs=files.ours.certificate)) == ""


async def test_a_server_that_speaks_no_tls_is_refused(migrated_url: str, redis_db_url: str, files: Files) -> None:
    for mode in ("require", "verify-ca", "verify-full"):
        assert await postgres_says(f"{migrated_url}?sslmode={mode}&sslrootcert={files.ours.certificate}")
    assert "TLS" in await redis_says(redis_db_url.replace("redis://", "rediss://"))


async def test_clients_show_certificates_where_they_must(migrated_url: str, redis_db_url: str, files: Files) -> None:
    root = files.ours.certificate
    shown = (files.client, ""), (None, "refused"), (files.foreign_client, "refused")
    with (
        tls_relay(migrated_url, files.good, files.ours) as postgres,
        tls_relay(redis_db_url, files.good, files.ours) as redis,
    ):
        for client, outcome in shown:
            of_postgres: dict[str, Any] = {"sslcert": client.certificate, "sslkey": client.key} if client else {}
            of_redis: dict[str, Any] = {"ssl_certfile": client.certificate, "ssl_keyfile": client.key} if client else {}
            said = await postgres_says(postgres.url(sslmode="verify-full", sslrootcert=root, **of_postgres))
            assert bool(said) is bool(outcome), said
            said = await redis_says(redis.url(ssl_ca_certs=root, **of_redis))
            assert bool(said) is bool(outcome), said


async def test_an_engine_does_all_of_its_work_by_tls(database_url: str, redis_db_url: str, files: Files) -> None:
    shared = await asyncio.to_thread(new_engine, database_url, redis_db_url)
    root = files.ours.certificate
    with tls_relay(database_url, files.good) as postgres, tls_relay(redis_db_url, files.good) as redis:
        settings = {
            **shared,
            "POSTGRES_URL": postgres.url(sslmode="verify-full", sslrootcert=root),
            "REDIS_URL": redis.url(ssl_ca_certs=root),
        }
        with running("api", settings=settings) as api, running("worker", settings=settings):
            async with httpx.AsyncClient(base_url=api.url, timeout=10) as client:
                orders = await all_final(client, await submit(client, 20))
        assert {order["status"] for order in orders} == {"confirmed"}
