"""A synchronous standby is away: what was not waited for is not believed, and no session is left behind."""

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from adapters.memory.update_feed import InMemoryUpdateFeed
from adapters.postgres.migrator import Migrator
from adapters.postgres.order_store import PostgresOrderStore
from application.execute_order import Done, ExecuteOrder, RetryIn
from application.ports.errors import StoreUnavailable
from application.ports.order_store import Admission
from application.record_step import RecordStep
from domain.order import Order
from domain.routing import lowest_price
from domain.status import OrderStatus
from entrypoints.dev.servers import LocalPostgres
from entrypoints.system import RandomIds
from tests.builders import an_order
from tests.clock import ManualClock
from tests.contracts.order_store_harness import append, clean_run, same
from tests.eventually import eventually
from tests.execution import a_gate
from tests.scripted_venue import UNKNOWN, Script

OURS = "FROM pg_stat_activity WHERE application_name LIKE 'order-engine%'"
CONNECTIONS = 10  # of one process


@pytest.fixture
def primary(server_dir: Path) -> Iterator[LocalPostgres]:
    with LocalPostgres(server_dir / "primary", options={"fsync": "off"}) as server:
        asyncio.run(Migrator(server.url).apply())
        yield server


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[PostgresOrderStore]:
    """A process's store."""
    store = PostgresOrderStore(url)
    await store.open()
    try:
        await store.connect()
        yield store
    finally:
        await store.close()


def ask(server: LocalPostgres, query: str) -> list[tuple[object, ...]]:
    """Ask over a connection that waits for no standby."""
    with psycopg.connect(server.url, autocommit=True, options="-c synchronous_commit=local") as connection:
        cursor = connection.execute(query.encode())
        return cursor.fetchall() if cursor.description else []


async def wait_for(server: LocalPostgres, standby: str) -> None:
    """Have every commit wait for this standby from now on; for none, if it has no name."""
    ask(server, f"ALTER SYSTEM SET synchronous_standby_names = '{standby}'")
    ask(server, "SELECT pg_reload_conf()")
    await eventually(lambda: ask(server, "SHOW synchronous_standby_names") == [(standby,)])
    ask(server, "CHECKPOINT")  # its process is the one that has commits wait, and it takes the new settings first


async def is_in_doubt(call: Callable[[], Awaitable[object]]) -> bool:
    """Whether a write ends as unknown."""
    [outcome] = await asyncio.gather(call(), return_exceptions=True)
    assert isinstance(outcome, StoreUnavailable), outcome
    return outcome.accepted == "unknown"


async def test_sessions_that_wait_for_a_standby_do_not_pile_up(primary: LocalPostgres) -> None:
    old, order, keyed = an_order(), an_order(), an_order()
    async with opened(primary.url) as store:
        await store.add(old)
        step = clean_run(old)[0]
        await wait_for(primary, "nobody")
        for _ in range(4):
            calls: list[Callable[[], Awaitable[object]]]
            calls = [partial(store.add, order), partial(store.add, keyed, "key"), partial(append, store, step)]
            assert all(await asyncio.gather(*map(is_in_doubt, calls)))
        # Each call left at least one that waits, and the next connection ended it.
        [(sessions,)] = ask(primary, f"SELECT count(*) {OURS}")
        assert int(str(sessions)) <= CONNECTIONS
        await wait_for(primary, "")
        assert await store.add(order) == Admission(order.order_id, replayed=False)
        assert await store.add(keyed, "key") == Admission(keyed.order_id, replayed=False)
        await append(store, step)
        assert same(await store.get(old.order_id), step[0])


async def test_a_process_that_ends_leaves_no_session_that_waits(primary: LocalPostgres) -> None:
    await wait_for(primary, "nobody")
    async with opened(primary.url) as store:
        assert await is_in_doubt(partial(store.add, an_order()))
    await eventually(lambda: ask(primary, f"SELECT count(*) {OURS}") == [(0,)])


async def test_what_a_session_left_behind_is_not_believed_before_the_standby_has_it(primary: LocalPostgres) -> None:
    old, order, keyed = an_order(), an_order(), an_order()
    step = clean_run(old)[0]
    async with opened(primary.url) as one, opened(primary.url) as other:
        await one.add(old)
        await wait_for(primary, "nobody")
        # Two tries of each: the second connection ends the first session, and all can see what that kept.
        for call in (partial(one.add, order), partial(one.add, keyed, "key"), partial(append, one, step)):
            assert await is_in_doubt(call)
        for visible in (order, keyed):
            assert same(await eventually(partial(one.get, visible.order_id)), visible)
        # Nor does another process.
        again = an_order()
        assert await is_in_doubt(partial(other.add, order))
        assert await is_in_doubt(partial(other.add, again, "key"))
        assert await is_in_doubt(partial(append, other, step))
        with pytest.raises(StoreUnavailable):
            await other.get(old.order_id, durable=True)
        await wait_for(primary, "")
        assert same(await other.get(old.order_id, durable=True), step[0])
        assert await other.add(again, "key") == Admission(keyed.order_id, replayed=True)


async def test_a_cancelled_wait_is_no_success(primary: LocalPostgres) -> None:
    order = an_order()
    async with opened(primary.url) as store:
        await wait_for(primary, "nobody")
        adding = asyncio.create_task(is_in_doubt(partial(store.add, order)))
        cancel = f"SELECT pg_cancel_backend(pid) {OURS} AND wait_event = 'SyncRep'"
        while not adding.done():
            ask(primary, cancel)
            await asyncio.sleep(0.05)
        assert await adding
        await wait_for(primary, "")
        assert await store.add(order) == Admission(order.order_id, replayed=False)


def copied(data: Path, copy: Path) -> Path:
    """Copy a stopped server's folder, with the owners of its files, for a standby of it."""
    subprocess.run([shutil.which("cp") or "cp", "-a", str(data), str(copy)], check=True)
    (copy / "port").unlink()
    (copy / "data" / "standby.signal").touch()
    return copy


@asynccontextmanager
async def standby_of(primary: LocalPostgres, folder: Path) -> AsyncIterator[LocalPostgres]:
    """A standby in step, which every commit waits for."""
    primary.stop()
    copy = copied(folder / "primary", folder / "standby")
    primary.start()
    at = urlsplit(primary.url)
    source = f"host=127.0.0.1 port={at.port} user={at.username} password={at.password} application_name=standby"
    with LocalPostgres(copy, options={"fsync": "off", "primary_conninfo": source}) as standby:
        await wait_for(primary, "standby")
        in_step = "SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync' AND state = 'streaming'"
        await eventually(lambda: ask(primary, in_step))
        yield standby


@asynccontextmanager
async def worker_of(url: str, script: Script) -> AsyncIterator[tuple[ExecuteOrder, PostgresOrderStore]]:
    """A worker on a server, at scripted venues."""
    async with opened(url) as store:
        record_step, gate = RecordStep(store, InMemoryUpdateFeed()), a_gate(script.clock)
        yield ExecuteOrder(store, record_step, script.venues(), script.clock, RandomIds(), lowest_price, gate), store


async def test_a_promoted_standby_that_does_not_know_of_a_transaction_sends_the_only_one(
    primary: LocalPostgres, server_dir: Path
) -> None:
    """It was stored on the primary, perhaps on the standby: nobody sends it, however often they look."""
    clock = ManualClock()
    script = Script(clock)
    order = an_order()
    *before, submit = clean_run(order)[:4]
    async with standby_of(primary, server_dir) as standby:
        async with worker_of(primary.url, script) as (_, store):
            await store.add(order)
            for step in before:
                await append(store, step)
            standby.stop()
            assert await is_in_doubt(partial(append, store, submit))
        async with worker_of(primary.url, script) as (execute, store):
            seen = await store.get(order.order_id)
            assert isinstance(seen, Order)
            assert seen.status is OrderStatus.SUBMITTED
            for _ in range(2):
                script.reports = [UNKNOWN]
                assert isinstance(await execute(order.order_id), RetryIn)
            assert script.sent == []
        primary.kill()
        standby.start()
        await eventually(lambda: ask(standby, "SELECT 1 WHERE pg_promote()"))
        async with worker_of(standby.url, script) as (execute, store):
            assert same(await store.get(order.order_id), before[-1][0])
            assert await execute(order.order_id) == Done()
            assert len(script.sent) == 1
            settled = await store.get(order.order_id)
            assert isinstance(settled, Order)
            assert settled.status is OrderStatus.CONFIRMED


async def test_with_the_standby_in_step_a_transaction_is_sent_again(primary: LocalPostgres, server_dir: Path) -> None:
    script = Script(ManualClock())
    order = an_order()
    async with standby_of(primary, server_dir), worker_of(primary.url, script) as (execute, store):
        await store.add(order)
        for step in clean_run(order)[:4]:
            await append(store, step)
        script.reports = [UNKNOWN]
        assert await execute(order.order_id) == Done()
        assert len(script.sent) == 1


@pytest.mark.parametrize("attributes", ["", "?target_session_attrs=read-write"])
async def test_of_several_hosts_the_primary_is_found_before_and_after_a_failover(
    primary: LocalPostgres, server_dir: Path, attributes: str
) -> None:
    async with standby_of(primary, server_dir) as standby:
        at = urlsplit(primary.url)
        hosts = f"127.0.0.1:{urlsplit(standby.url).port},127.0.0.1:{at.port}"
        url = at._replace(netloc=f"{at.username}:{at.password}@{hosts}").geturl() + attributes
        assert await Migrator(url).pending() == []
        async with opened(url) as store:
            order = an_order()
            await store.add(order)
            primary.kill()
            await eventually(lambda: ask(standby, "SELECT 1 WHERE pg_promote()"))
            step = clean_run(order)[0]
            await eventually(partial(succeeds, partial(append, store, step)))
            assert same(await store.get(order.order_id), step[0])


async def succeeds(call: Callable[[], Awaitable[object]]) -> bool:
    """Whether a call that may be repeated goes well."""
    try:
        await call()
    except StoreUnavailable:
        return False
    return True
