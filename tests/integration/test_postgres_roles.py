"""Each process has a role of its own in Postgres: it does its work with it, and nothing else."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx
import psycopg
import pytest
from attrs import frozen

from adapters.postgres import roles
from adapters.postgres.migrator import Migration, MigrationFailed, Migrator, bundled_migrations
from adapters.postgres.order_store import PostgresOrderStore
from adapters.postgres.read_pool import ReadPool
from adapters.postgres.sealed_secrets import SealedSecrets
from adapters.postgres.sessions import SESSION
from adapters.postgres.webhook_endpoints import PostgresWebhookEndpoints
from adapters.postgres.webhook_outbox import PostgresWebhookOutbox
from application.caller import ANYONE
from application.ports.audit import AuditFilter
from application.ports.finality import Settlement
from application.ports.order_store import Record
from application.ports.partial_halts import HaltOf
from application.ports.webhooks import Attempt, Delivered
from application.ports.webhooks import Settlement as WebhookSettlement
from domain.status import FailureReason
from domain.transaction import Finality
from entrypoints.container import Container
from entrypoints.lifecycle import opened
from entrypoints.operator import operator
from entrypoints.settings import Settings
from tests.builders import START, a_chain_fill, a_stamp, a_transaction, an_act, an_order
from tests.clients import ORDER, all_final, impatient, submit
from tests.contracts.order_store_harness import clean_run, landed_on_chain
from tests.contracts.webhooks import an_endpoint
from tests.processes import PREFIX, finished, running

PROCESSES = ("api", "worker", "operator", "readonly")
VERBS = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
TABLES = """
SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = current_schema()::regnamespace ORDER BY 1
"""
PASSWORD = "p@ss word"  # as an operator may choose it


@frozen
class Engine:
    """A migrated database with its roles, all with one password; `owner` is its superuser's URL."""

    owner: str

    def url(self, role: str) -> str:
        parts = urlsplit(self.owner)
        place = parts.netloc.rpartition("@")[2]
        return parts._replace(netloc=f"order_engine_{role}:{quote(PASSWORD)}@{place}").geturl()


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    asyncio.run(Migrator(database_url).apply())
    asyncio.run(Migrator(database_url).make_roles())
    with psycopg.connect(database_url) as connection:
        for process in (*PROCESSES, "migrator"):
            connection.execute(f"ALTER ROLE order_engine_{process} PASSWORD '{PASSWORD}'")
    yield Engine(database_url)
    with psycopg.connect(database_url) as connection:
        for process in (*PROCESSES, "migrator"):
            connection.execute(f"DROP OWNED BY order_engine_{process} CASCADE")


def prefixed(settings: dict[str, str]) -> dict[str, str]:
    return {PREFIX + name: value for name, value in settings.items()}


def decisions() -> dict[str, dict[str, str]]:
    """Read what each role may do with each table, as it was decided."""
    names = dict(re.findall(r"(\w+) CONSTANT TEXT := '([^']+)'", roles.grant_roles()))
    found = {}
    for line in re.findall(r"^ +\(('.*)\),?$", roles.grant_roles(), re.MULTILINE):
        for name, text in names.items():
            line = line.replace(f"'SELECT, ' || {name}", f"'SELECT, {text}'").replace(f" {name},", f" '{text}',")
        cells = re.findall(r"'([^']*)'", line)
        if len(cells) == 5:
            found[cells[0]] = dict(zip(PROCESSES, cells[1:], strict=True))
    return found


def test_every_table_has_a_decision(engine: Engine) -> None:
    with psycopg.connect(engine.owner) as connection:
        tables = {name for (name,) in connection.execute(TABLES)}
    assert tables <= set(decisions())


def test_every_role_may_do_with_every_table_what_was_decided_and_no_more(engine: Engine) -> None:
    decided = decisions()
    with psycopg.connect(engine.owner) as connection:
        tables = [name for (name,) in connection.execute(TABLES)]
        for process in PROCESSES:
            for table in tables:
                may = {verb for verb in VERBS if holds(connection, process, table, verb)}
                assert may == set(re.findall(r"[A-Z]{6,}", decided[table][process])), (process, table)


def holds(connection: psycopg.Connection, process: str, table: str, verb: str) -> bool:
    kind = "table" if verb in ("DELETE", "TRUNCATE", "TRIGGER") else "any_column"
    asked = f"SELECT has_{kind}_privilege(%s, %s, %s)"
    [[answer]] = connection.execute(asked, (f"order_engine_{process}", table, verb)).fetchall()
    return bool(answer)


REFUSED = [
    ("api", "DELETE FROM orders"),
    ("api", "TRUNCATE orders"),
    ("api", "DROP TABLE orders"),
    ("api", "ALTER TABLE orders ADD COLUMN x TEXT"),
    ("api", "UPDATE order_events SET frame = ''"),
    ("api", "DELETE FROM order_events"),
    ("api", "INSERT INTO executions (order_id) VALUES ('x')"),
    ("api", "INSERT INTO transaction_payloads VALUES (1, '')"),
    ("api", "UPDATE trading_halts SET ended_at = now()"),
    ("api", "UPDATE partial_halts SET ended_at = now()"),
    ("api", "SELECT * FROM audit_log"),
    ("api", "UPDATE audit_log SET who = 'eve'"),
    ("api", "DELETE FROM audit_log"),
    ("api", "INSERT INTO audit_log (at, who, origin, what, outcome) VALUES (now(), 'a', 'b', 'c', 'done')"),
    ("api", "ALTER TABLE audit_log DISABLE TRIGGER ALL"),
    ("api", "SET session_replication_role = replica"),
    ("api", "CREATE TABLE mine (x INTEGER)"),
    ("api", "CREATE ROLE eve SUPERUSER"),
    ("api", "SET ROLE order_engine_migrator"),
    ("api", "COPY orders TO PROGRAM 'cat'"),
    ("api", "SELECT pg_read_file('/etc/passwd')"),
    ("api", "SELECT rolpassword FROM pg_authid"),
    ("worker", "INSERT INTO orders (order_id) VALUES ('x')"),
    ("worker", "DELETE FROM orders"),
    ("worker", "SELECT * FROM idempotency_keys"),
    ("worker", "DELETE FROM executions"),
    ("worker", "UPDATE executions SET user_id = 'eve'"),
    ("api", "UPDATE executions SET finality = 'undone'"),
    ("worker", "UPDATE trading_halts SET ended_at = now()"),
    ("worker", "SELECT * FROM audit_log"),
    ("operator", "DELETE FROM orders"),
    ("operator", "INSERT INTO orders (order_id) VALUES ('x')"),
    ("operator", "UPDATE audit_log SET who = 'eve'"),
    ("operator", "TRUNCATE audit_log"),
    ("operator", "INSERT INTO audit_log (id) OVERRIDING SYSTEM VALUE VALUES (1)"),
    ("operator", "INSERT INTO schema_migrations (name, checksum) VALUES ('x', 'y')"),
    ("readonly", "INSERT INTO orders (order_id) VALUES ('x')"),
    ("readonly", "UPDATE orders SET status = 'failed'"),
    ("readonly", "SELECT * FROM transaction_payloads"),
    ("readonly", "SELECT nextval(pg_get_serial_sequence('orders', 'id'))"),
    ("migrator", "UPDATE audit_log SET who = 'eve'"),
    ("migrator", "DELETE FROM audit_log"),
    ("migrator", "TRUNCATE audit_log"),
    ("migrator", "SET session_replication_role = replica"),
    ("migrator", "CREATE ROLE eve SUPERUSER"),
]  # fmt: skip


def test_what_a_role_must_not_do_is_refused(engine: Engine) -> None:
    done = []
    for process, statement in REFUSED:
        with psycopg.connect(engine.url(process)) as connection:
            try:
                connection.execute(statement)
            except psycopg.errors.InsufficientPrivilege:
                continue
        done.append((process, statement))
    assert done == []


def test_each_process_does_all_of_its_work_with_its_own_role(engine: Engine, redis_db_url: str, tmp_path: Path) -> None:
    shared = impatient(engine.owner, redis_db_url)
    of_api, of_worker, of_operator = (
        {**shared, "POSTGRES_URL": engine.url(process)} for process in ("api", "worker", "operator")
    )
    with (
        (tmp_path / "log").open("w") as log,
        running("api", settings=of_api, stderr=log) as api,
        running("worker", settings=of_worker, stderr=log),
    ):
        asyncio.run(trade(api.url))
        asyncio.run(operate(of_operator))
        asyncio.run(cancelled_and_failed(api.url, of_operator))
        asyncio.run(followed_on_chain(of_api, of_worker))
    said = (tmp_path / "log").read_text().splitlines()
    assert [line for line in said if "42501" in line or "superuser" in line] == []


async def trade(url: str) -> None:
    async with httpx.AsyncClient(base_url=url, timeout=10) as client:
        order_ids = await submit(client, 20)
        keyed = await client.post("/api/orders/execute", json=dict(ORDER), headers={"Idempotency-Key": "k1"})
        again = await client.post("/api/orders/execute", json=dict(ORDER), headers={"Idempotency-Key": "k1"})
        named = await client.post("/api/orders/execute", json={**ORDER, "clientOrderId": "c1"})
        assert (keyed.status_code, again.json()["orderId"]) == (202, keyed.json()["orderId"])
        assert named.status_code == 202
        orders = await all_final(client, [*order_ids, keyed.json()["orderId"]])
        assert {order["status"] for order in orders} == {"confirmed"}
        for path in (
            f"/api/orders/{order_ids[0]}/events",
            "/api/orders?status=failed",
            "/api/executions",
            "/api/stats",
        ):
            assert (await client.get(path)).status_code == 200, path


async def followed_on_chain(of_api: dict[str, str], of_worker: dict[str, str]) -> None:
    """Have a swap land on a chain, and follow it to its end."""
    order = an_order()
    api, worker = (
        Container(settings=Settings.from_environment(prefixed(settings)), mode="live")
        for settings in (of_api, of_worker)
    )
    async with opened(*api.resources()), opened(*worker.resources()):
        await api.store().add(order)
        await worker.store().append(landed_on_chain(order, a_chain_fill(), payload=b"signed"))
        [swap] = (await worker.unsettled().unsettled(None, 10, 0)).swaps
        assert await worker.unsettled().settle(order.order_id, Settlement(Finality.FINALIZED, swap.fill))
        _, execution = await api.query().with_execution(ANYONE, order.order_id)
        assert execution is not None
        assert execution.finality is Finality.FINALIZED
        await ended_by_api(api, worker)


async def ended_by_api(api: Container, worker: Container) -> None:
    """Have the API end an order whose signed transaction is kept, as for an administrator."""
    order = an_order()
    await api.store().add(order)
    steps = clean_run(order)[:3]
    built = steps[-1][0]
    submission = built.submit(a_stamp(4), a_transaction(built, payload=b"signed"))
    await worker.store().append(Record.of(order, *steps, submission))
    sent = await api.store().get(order.order_id)
    assert sent is not None
    await api.store().append(Record.of(sent, sent.fail(a_stamp(), FailureReason.INTERNAL_ERROR), act=an_act()))
    with psycopg.connect(api.settings().postgres_url or "") as connection:
        assert connection.execute("SELECT count(*) FROM transaction_payloads").fetchone() == (0,)


async def operate(settings: dict[str, str]) -> None:
    """Do what operators do, by the command line's own use cases."""
    container = Container(settings=Settings.from_environment(prefixed(settings)), mode="live")
    caller = operator()
    async with opened(*container.resources()):
        trading, parts, queue = container.operate_trading(), container.halt_parts(), container.operate_queue()
        await trading.halt(caller, "a drill")
        await trading.resume(caller)
        for of, name in ((HaltOf.USER, "eve"), (HaltOf.VENUE, "Raydium")):
            await parts.halt(caller, of, name, "a drill")
            assert await parts.resume(caller, of, name)
        await queue.pause(caller)
        await queue.resume(caller)
        await container.query_queue().dead_letters(caller)
        await container.reconcile()(caller, datetime.now(UTC) - timedelta(hours=1))
        page = await container.query_audit()(caller, AuditFilter(who=caller.name), None, 100)
        assert len(page.records) == 11


async def cancelled_and_failed(url: str, of_operator: dict[str, str]) -> None:
    """Cancel an order by the API, and have the operator end another, both while nothing is taken."""
    finished("queue", "pause", settings=of_operator)
    async with httpx.AsyncClient(base_url=url, timeout=10) as client:
        first, second, third = await submit(client, 3)
        cancelled = await client.post(f"/api/orders/{first}/cancel")
        assert cancelled.status_code == 202, cancelled.text
        ended = finished("orders", "fail", second, settings=of_operator)
        assert (ended.returncode, ended.stderr) == (0, "")
        by_api = await client.post(f"/api/orders/{third}/fail", json={"reason": "a drill"})
        assert by_api.status_code == 202, by_api.text
        orders = await all_final(client, [first, second, third])
        assert {order["status"] for order in orders} == {"failed"}
    finished("queue", "resume", settings=of_operator)


EXTRA = Migration("9999_extra.sql", "CREATE TABLE extra (x INTEGER); ALTER TABLE orders ADD COLUMN extra TEXT")


async def test_the_migrator_migrates_and_new_tables_are_closed_to_all_others(engine: Engine) -> None:
    migrator = Migrator(engine.url("migrator"), [*bundled_migrations(), EXTRA])
    assert await migrator.apply() == ["9999_extra.sql"]
    assert await Migrator(engine.url("migrator"), None).apply() == []
    for process in PROCESSES:
        with psycopg.connect(engine.url(process)) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT * FROM extra")
    with psycopg.connect(engine.url("api")) as connection:
        connection.execute("SELECT extra FROM orders")


async def test_a_database_that_was_there_before_is_given_to_the_migrator(engine: Engine) -> None:
    with psycopg.connect(engine.owner) as connection:
        owners = connection.execute("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'").fetchall()
    assert owners == [("order_engine_migrator",)]
    await Migrator(engine.owner).make_roles()  # safe to repeat


async def test_a_role_that_may_not_make_roles_is_told_so(engine: Engine) -> None:
    with pytest.raises(MigrationFailed, match="making roles"):
        await Migrator(engine.url("api")).make_roles()
    ended = finished("roles", "--apply", settings={"POSTGRES_URL": engine.url("api")})
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    printed = finished("roles").stdout
    assert printed.strip() == roles.roles_sql().strip()


async def test_a_superuser_is_warned_of(engine: Engine, redis_db_url: str, tmp_path: Path) -> None:
    with (tmp_path / "log").open("w+") as log:
        with running("worker", settings=impatient(engine.owner, redis_db_url), stderr=log):
            pass
        log.seek(0)
        assert "store_role_is_superuser" in log.read()


async def test_apis_and_workers_do_all_of_webhooks_with_their_own_roles(engine: Engine) -> None:
    secrets = SealedSecrets(bytes(32))
    async with AsyncExitStack() as stack:
        api, worker = (PostgresOrderStore(engine.url(role)) for role in ("api", "worker"))
        for store in (api, worker):
            await store.open()
            stack.push_async_callback(store.close)
        endpoints = PostgresWebhookEndpoints(api.reads, secrets)
        replays = PostgresWebhookOutbox(api.reads, secrets)
        outbox = PostgresWebhookOutbox(ReadPool(worker.connector, SESSION, 1), secrets)
        stack.push_async_callback(outbox.close)
        endpoint = an_endpoint()
        assert await endpoints.add(endpoint, 1)
        order, keyed = an_order(), an_order()
        await api.add(order)
        await api.add(order)
        await api.add(keyed, "key")
        for _ in range(2):
            [batch] = await outbox.take(5, 5, 60)
            assert {owed.order_id for owed in batch.owed} == {order.order_id, keyed.order_id}
            delivered = [Delivered(owed, 0) for owed in batch.owed]
            attempt = Attempt(order.order_id, 0, "order.pending", START, 0.1, 204)
            assert await outbox.settle(batch, WebhookSettlement(delivered, [attempt]))
            assert list(await outbox.take(5, 5, 60)) == []
            await replays.replay(endpoint, START, START + timedelta(days=1), 0, 10)
        assert len((await replays.attempts(endpoint.webhook_id, None, 10)).attempts) == 2
        assert await endpoints.change(endpoint.disable(START, "user"))
        await endpoints.remove(endpoint.webhook_id)
        await outbox.tidy()
        assert list(await endpoints.find(None)) == []
