"""The tables of every release, under this one's processes: what was open ends once, and all else stays as it was."""

import asyncio
from collections.abc import Sequence
from typing import Any

import httpx
import psycopg
import pytest
from attrs import evolve

from adapters.postgres.migrator import Migrator, bundled_migrations
from tests.clients import FINAL, all_final, impatient, rows, stories_are_whole, submit
from tests.integration.releases import Exchange, Snapshot, as_written, keeps, snapshots
from tests.processes import finished, running

pytestmark = pytest.mark.timeout(120)  # processes start, and on a busy machine each takes seconds

SNAPSHOTS = snapshots()
WAYS = [
    *(pytest.param(snapshot, True, id=f"{snapshot.version} migrated") for snapshot in SNAPSHOTS),
    # While no migration came after a release, its tables serve as they are.
    *(
        pytest.param(snapshot, False, id=f"{snapshot.version} as it is")
        for snapshot in SNAPSHOTS
        if all(migration.name in snapshot.sql for migration in bundled_migrations())
    ),
]
SHAPE = (
    "SELECT table_name, column_name, data_type, character_maximum_length, numeric_precision, numeric_scale,"
    " column_default, is_nullable FROM information_schema.columns WHERE table_schema = 'public'",
    "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    # A dump writes the casts in a check elsewhere. NOT NULL is here since Postgres 18; the columns tell it anyway.
    r"SELECT conname, regexp_replace(pg_get_constraintdef(oid), '::(character varying|text)(\[\])?|[()]', '', 'g')"
    " FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n'",
    "SELECT relname, relkind::text, reloptions FROM pg_class WHERE relnamespace = 'public'::regnamespace",
    "SELECT proname, pg_get_function_arguments(oid), prosrc, proconfig FROM pg_proc"
    " WHERE pronamespace = 'public'::regnamespace",
    "SELECT pg_get_serial_sequence('orders', 'id')",
    "SELECT sequencename, data_type::text, max_value FROM pg_sequences WHERE schemaname = 'public'",
)


def load(snapshot: Snapshot, database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(snapshot.sql.encode())


def shape(database_url: str) -> list[list[str]]:
    """Describe all tables, however they came to be."""
    with psycopg.connect(database_url) as connection:
        return [sorted(str(row) for row in connection.execute(query.encode())) for query in SHAPE]


async def all_reads_as_it_did(client: httpx.AsyncClient, exchanges: Sequence[Exchange]) -> None:
    for exchange in exchanges:
        answer = await exchange.call.made(client)
        assert answer.status_code == 200, answer.text
        assert keeps(as_written(answer.text), exchange.answer), (exchange, answer.text)


async def old_requests_are_replayed(client: httpx.AsyncClient, snapshot: Snapshot) -> None:
    for exchange in snapshot.repeats:
        answer = await exchange.call.made(client)
        assert (answer.status_code, answer.headers.get("Idempotency-Replayed")) == (202, "true"), answer.text
        assert keeps(as_written(answer.text), exchange.answer)


async def other_orders_under_old_names_are_refused(client: httpx.AsyncClient, snapshot: Snapshot) -> None:
    for exchange in snapshot.repeats:
        assert exchange.call.body is not None
        answer = await evolve(exchange.call, body={**exchange.call.body, "amount": 7}).made(client)
        assert answer.json()["code"] == ("idempotency_key_reused" if exchange.call.key else "client_order_id_conflict")


async def read(client: httpx.AsyncClient, path: str) -> Any:
    return as_written((await client.get(path)).text)


async def goes_on_where_it_was(client: httpx.AsyncClient, old: dict[str, Any]) -> None:
    """Check that an order that was open added steps to its own, the last of them its one end."""
    path = f"/api/orders/{old['orderId']}"
    new, frames = await read(client, path), (await read(client, f"{path}/events"))["data"]
    assert new["status"] == "confirmed"
    assert new["logs"][: len(old["logs"])] == old["logs"]
    # What was at a venue that has forgotten it is dead by now, and so its attempt failed; any other goes on.
    assert int(new["attempt"][1]) - int(old["attempt"][1]) == (old["status"] == "submitted")
    assert [frame["status"] for frame in frames if frame["status"] in FINAL] == ["confirmed"]
    assert frames[-1]["txHash"] == new["txHash"]


@pytest.mark.parametrize(("snapshot", "migrates"), WAYS)
async def test_this_release_goes_on_with_the_tables_of_one_before(
    snapshot: Snapshot, migrates: bool, database_url: str, redis_db_url: str
) -> None:
    settings = impatient(database_url, redis_db_url)
    load(snapshot, database_url)
    if migrates:
        assert (await asyncio.to_thread(finished, "migrate", settings=settings)).returncode == 0
    with running("api", settings=settings) as api:
        async with httpx.AsyncClient(base_url=api.url, timeout=10) as client:
            await all_reads_as_it_did(client, snapshot.reads)
            await old_requests_are_replayed(client, snapshot)
            with running("worker", settings=settings):
                await all_final(client, [order["orderId"] for order in snapshot.moving])
                fresh = await all_final(client, await submit(client, 20))
            assert {(order["status"], order["attempt"]) for order in fresh} == {("confirmed", 1)}
            for order in snapshot.moving:
                await goes_on_where_it_was(client, order)
            await all_reads_as_it_did(client, snapshot.at_rest)
            await old_requests_are_replayed(client, snapshot)
            await other_orders_under_old_names_are_refused(client, snapshot)
    hashes = [row["tx_hash"] for row in rows(settings, "SELECT tx_hash FROM orders WHERE status = 'confirmed'")]
    assert len(hashes) == len(set(hashes)) > len(snapshot.moving) + len(fresh)
    stories_are_whole(settings)


@pytest.mark.parametrize("snapshot", [pytest.param(each, id=each.version) for each in SNAPSHOTS])
async def test_migrated_tables_are_those_of_a_new_database(
    snapshot: Snapshot, database_url: str, migrated_url: str
) -> None:
    load(snapshot, database_url)
    await Migrator(database_url).apply()
    assert shape(database_url) == shape(migrated_url)
