"""What every session has, whoever it is made for, and at which of several hosts it is made."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from adapters.postgres.connection import SESSION
from adapters.postgres.connector import Connector
from adapters.postgres.migrator import Migrator
from adapters.postgres.order_store import PostgresOrderStore
from application.ports.errors import StoreUnavailable
from tests.eventually import eventually

SLEEPING = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(0.9)%' AND state = 'active'"


@pytest.fixture
def hanging() -> Iterator[str]:
    """Give host and port of a server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


async def ask(connection: psycopg.AsyncConnection[Any], query: str) -> Any:
    cursor = await connection.execute(query.encode())
    [(value,)] = await cursor.fetchall()
    return value


def behind(url: str, *hosts: str) -> str:
    """Return `url` with these hosts before its own."""
    parts = urlsplit(url)
    account, _, own = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{account}@{','.join([*hosts, own])}").geturl()


async def test_sessions_are_in_utc_and_cannot_hang(migrated_url: str) -> None:
    async with await Connector(migrated_url, "order-engine").connect(SESSION) as session:
        assert await ask(session, "SHOW timezone") == "UTC"
        assert await ask(session, "SHOW statement_timeout") == "1s"
        assert await ask(session, "SHOW application_name") == "order-engine"


async def test_a_url_keeps_its_own_settings(migrated_url: str) -> None:
    url = f"{migrated_url}?application_name=mine&options=-c%20search_path%3Dengine"
    async with await Connector(url, "order-engine").connect(SESSION) as session:
        assert await ask(session, "SHOW application_name") == "mine"
        assert await ask(session, "SHOW search_path") == "engine"


async def test_reads_that_wait_keep_nothing_else_waiting(migrated_url: str) -> None:
    """12 clients read without a pause, each for nearly as long as a statement may take: readiness does not queue up."""
    store = PostgresOrderStore(migrated_url)
    await store.open()

    async def read() -> None:
        while True:
            with suppress(StoreUnavailable):
                await store.reads.run("SELECT pg_sleep(0.9)", ())

    async with asyncio.TaskGroup() as clients:
        reading = [clients.create_task(read()) for _ in range(12)]
        with psycopg.connect(migrated_url, autocommit=True) as onlooker:
            await eventually(lambda: onlooker.execute(SLEEPING).fetchall() == [(3,)])
        for _ in range(3):
            await store.ping()
            await store.open_orders(None, 10, 0)
            await store.backlog()
        for client in reading:
            client.cancel()
    await store.close()


async def test_a_new_process_gets_past_hosts_that_hang(database_url: str, hanging: str) -> None:
    url = behind(database_url, hanging, hanging)
    assert await Migrator(url).apply()
    migrator, store = Migrator(url), PostgresOrderStore(url)
    await store.open()
    for probe in (migrator.pending, store.ping):
        with pytest.raises(StoreUnavailable):  # its turn comes later than a call may wait
            await probe()
        await eventually(partial(answers, probe))
    await store.close()


async def answers(probe: Callable[[], Awaitable[object]]) -> bool:
    try:
        await probe()
    except StoreUnavailable:
        return False
    return True


async def test_hosts_that_all_hang_are_an_error_in_bounded_time(hanging: str) -> None:
    async with asyncio.timeout(10):
        with pytest.raises(StoreUnavailable):
            await Migrator(f"postgresql://me@{hanging},{hanging}/none").apply()


async def test_the_host_that_answered_last_is_asked_first(migrated_url: str, hanging: str) -> None:
    connector = Connector(behind(migrated_url, hanging), "order-engine")
    await (await connector.connect(SESSION)).close()
    async with asyncio.timeout(1.5), await connector.connect(SESSION) as session:
        assert await ask(session, "SELECT 1") == 1


async def test_a_name_is_tried_at_each_of_its_addresses(migrated_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    port = urlsplit(migrated_url).port
    loop = asyncio.get_running_loop()

    async def look_up(host: str, *_: object, **__: object) -> list[tuple[object, ...]]:
        if host == "hangs.example":
            await asyncio.Event().wait()
        return [(0, 0, 0, "", (address, port)) for address in ("127.0.0.99", "127.0.0.1")]

    monkeypatch.setattr(loop, "getaddrinfo", look_up)
    account = urlsplit(migrated_url).netloc.rpartition("@")[0]
    netloc = f"{account}@hangs.example:1,db.example:{port}"
    connector = Connector(urlsplit(migrated_url)._replace(netloc=netloc).geturl(), "order-engine")
    async with await connector.connect(SESSION) as session:
        assert session.info.hostaddr == "127.0.0.1"


async def test_a_socket_file_and_a_read_write_host_are_found_among_others(migrated_url: str, hanging: str) -> None:
    url = f"{behind(migrated_url, '%2Fno%2Fsuch%2Ffolder')}?target_session_attrs=read-write"
    async with await Connector(url, "order-engine").connect(SESSION) as session:
        assert await ask(session, "SHOW transaction_read_only") == "off"
