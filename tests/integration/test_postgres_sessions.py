"""What every session has, whoever it is made for, and at which of several hosts it is made."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from functools import partial
from threading import Event
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from adapters.postgres.connector import Connector
from adapters.postgres.migrator import Migrator
from adapters.postgres.order_store import PostgresOrderStore
from adapters.postgres.read_pool import ReadPool
from adapters.postgres.sessions import SESSION
from application.ports.errors import StoreUnavailable, StoreUnfit
from tests import servers
from tests.builders import an_order
from tests.contracts.order_store_harness import append, life, same
from tests.eventually import eventually
from tests.integration.hanging import hanging_server
from tests.integration.pgbouncer import needs_pgbouncer, running_pgbouncer

SLEEPING = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(0.9)%' AND state = 'active'"


@pytest.fixture(params=["silent", "dropping"])
def hanging(request: pytest.FixtureRequest) -> Iterator[str]:
    """Give host and port of a server that takes connections and never says a word, or whose packets are dropped."""
    with hanging_server(drops=request.param == "dropping") as address:
        yield address


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


HOSTILE = {
    "client_encoding": "LATIN1",
    "DateStyle": "German, DMY",
    "IntervalStyle": "sql_standard",
    "extra_float_digits": "-15",
    "bytea_output": "escape",
    "standard_conforming_strings": "off",
    "TimeZone": "Asia/Kolkata",
    "default_transaction_isolation": "serializable",
    "synchronous_commit": "off",
    "client_min_messages": "error",
    "row_security": "on",
    "statement_timeout": "0",
    "lock_timeout": "0",
    "idle_session_timeout": "100",
    "exit_on_error": "on",
    "enable_nestloop": "off",
    "enable_indexscan": "off",
    "enable_seqscan": "on",
    "plan_cache_mode": "force_generic_plan",
    "array_nulls": "off",
    "quote_all_identifiers": "on",
}


@pytest.fixture
def hostile_url(postgres_url: str) -> Iterator[str]:
    """Give a new database whose own settings, and its role's, are all wrong for the engine."""
    with servers.empty_database(postgres_url) as url, psycopg.connect(url, autocommit=True) as connection:
        name = f"hostile_{uuid4().hex}"
        role = sql.Identifier(name)
        database = sql.Identifier(connection.info.dbname)
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'secret'").format(role))
        try:
            for of in (sql.SQL("DATABASE {}").format(database), sql.SQL("ROLE {}").format(role)):
                for setting, value in HOSTILE.items():
                    connection.execute(sql.SQL("ALTER {} SET {} = {}").format(of, sql.Identifier(setting), value))
            connection.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(database, role))
            place = urlsplit(url).netloc.rpartition("@")[2]
            yield urlsplit(url)._replace(netloc=f"{name}:secret@{place}").geturl()
        finally:
            connection.execute(sql.SQL("ALTER DATABASE {} OWNER TO CURRENT_USER").format(database))
            connection.execute(sql.SQL("DROP OWNED BY {}; DROP ROLE {}").format(role, role))


async def test_no_setting_of_database_role_or_environment_reaches_a_session(
    hostile_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGCLIENTENCODING", "SQL_ASCII")
    monkeypatch.setenv("PGTZ", "Asia/Tokyo")
    monkeypatch.setenv("PGDATESTYLE", "Postgres, DMY")
    monkeypatch.setenv("PGOPTIONS", "-c synchronous_commit=off --bytea-output=escape")
    monkeypatch.setenv("PGHOSTADDR", "127.0.0.99")
    async with await Connector(f"{hostile_url}?client_encoding=EUC_JP", "order-engine").connect(SESSION) as session:
        cursor = await session.execute("SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", (list(SESSION),))
        found = dict(await cursor.fetchall())
    assert found == {name: value for name, value in SESSION.items() if name in found}
    assert len(SESSION) - len(found) <= 1  # the oldest servers know no `transaction_timeout`


async def test_orders_live_on_a_hostile_database(hostile_url: str) -> None:
    assert await Migrator(hostile_url).apply()
    store = PostgresOrderStore(hostile_url)
    await store.open()
    for order in (an_order(userId="Zoë 🚀 \\"), an_order()):
        await store.add(order, order.order_id)
        steps = life(order)
        for step in steps:
            await append(store, step)
        assert same(await store.get(order.order_id), steps[-1][0])
        assert [frame.seq for frame in await store.events(order.order_id, 0)] == list(range(1, len(steps) + 1))
    await store.close()


async def test_a_standby_may_be_asked_for_more(migrated_url: str) -> None:
    url = f"{migrated_url}?options=-csynchronous_commit%3Dremote_apply"
    async with await Connector(url, "order-engine").connect(SESSION) as session:
        assert await ask(session, "SHOW synchronous_commit") == "remote_apply"


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1", "EUC_JP"])
async def test_a_database_that_cannot_hold_every_text_is_refused(postgres_url: str, encoding: str) -> None:
    name = f"test_{uuid4().hex}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING '{encoding}' LOCALE 'C'".encode())
        url = urlsplit(postgres_url)._replace(path=f"/{name}").geturl()
        store = PostgresOrderStore(url)
        await store.open()
        for attempt in (Migrator(url).apply, store.connect, store.ping):
            with pytest.raises(StoreUnfit, match=f"encoded in {encoding}.*createdb --encoding=UTF8"):
                await attempt()
        await store.close()
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@needs_pgbouncer
async def test_a_pooler_that_drops_what_is_asked_for_takes_nothing_away(migrated_url: str) -> None:
    async with running_pgbouncer(migrated_url, "session") as url:
        connector = Connector(f"{url}?options=-c%20search_path%3Dengine", "order-engine")
        async with await connector.connect(SESSION) as session:
            assert not session.is_direct
            for name in ("statement_timeout", "lock_timeout", "jit", "plan_cache_mode", "search_path"):
                expected = {**SESSION, "statement_timeout": "1s", "lock_timeout": "500ms", "search_path": "engine"}
                assert await ask(session, f"SHOW {name}") == expected[name]
        assert await Migrator(url).apply() == []


async def test_a_session_that_another_used_meanwhile_is_refused(migrated_url: str) -> None:
    """As behind a pooler that shares them; the test after this one has a real one, where it is installed."""
    connector = Connector(migrated_url, "order-engine")
    async with await connector.connect(SESSION) as one, await connector.connect(SESSION) as other:
        assert one.is_direct
        await one.refuse_a_shared_server(other)
        await one.execute("SELECT set_config('order_engine.session', 'of another', false)")
        with pytest.raises(StoreUnfit, match="pool_mode = session"):
            await one.refuse_a_shared_server(other)


@needs_pgbouncer
@pytest.mark.parametrize("more", [{}, {"server_round_robin": "1"}, {"default_pool_size": "1"}], ids=str)
@pytest.mark.parametrize("mode", ["transaction", "statement"])
async def test_a_pooler_that_shares_sessions_is_refused(migrated_url: str, mode: str, more: dict[str, str]) -> None:
    async with running_pgbouncer(migrated_url, mode, **more) as url:
        store = PostgresOrderStore(url)
        await store.open()
        for attempt in (Migrator(url).apply, store.connect, store.ping):
            with pytest.raises(StoreUnfit, match="pool_mode = session"):
                await attempt()
        await store.close()


async def test_reads_that_wait_keep_nothing_else_waiting(migrated_url: str) -> None:
    """12 clients read without a pause, each for nearly as long as a statement may take: readiness does not queue up."""
    store = PostgresOrderStore(migrated_url)
    await store.open()
    await store.connect()
    await store.backlog()

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


async def test_a_name_is_tried_at_each_of_its_addresses_beside_one_that_is_not_found(
    migrated_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = urlsplit(migrated_url).port
    for_ever = Event()

    def look_up(host: str, *_: object, **__: object) -> list[tuple[object, ...]]:
        if host == "hangs.example":
            for_ever.wait()
        return [(0, 0, 0, "", (address, port)) for address in ("127.0.0.99", "127.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    account = urlsplit(migrated_url).netloc.rpartition("@")[0]
    netloc = f"{account}@hangs.example:1,db.example:{port}"
    connector = Connector(urlsplit(migrated_url)._replace(netloc=netloc).geturl(), "order-engine")
    async with await connector.connect(SESSION) as session:
        assert session.info.hostaddr == "127.0.0.1"
    for_ever.set()


async def test_a_socket_file_and_a_read_write_host_are_found_among_others(migrated_url: str, hanging: str) -> None:
    url = f"{behind(migrated_url, '%2Fno%2Fsuch%2Ffolder')}?target_session_attrs=read-write"
    async with await Connector(url, "order-engine").connect(SESSION) as session:
        assert await ask(session, "SHOW transaction_read_only") == "off"


async def test_a_pool_that_is_closed_while_it_connects_ends_nobody_who_waits_for_it(hanging: str) -> None:
    pool = ReadPool(Connector(f"postgresql://user@{hanging}/orders", "test"), SESSION, 1)
    reading = asyncio.create_task(pool.run("SELECT 1", ()))
    await eventually(lambda: any(task.get_name() == "connect" for task in asyncio.all_tasks()))
    await pool.close()
    with pytest.raises(StoreUnavailable):
        await reading
