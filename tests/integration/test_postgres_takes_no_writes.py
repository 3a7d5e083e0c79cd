"""Postgres answers and takes no writes, or no connections: told in time and truly, and no restart."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import httpx
import psycopg
import pytest

from tests.clients import ORDER, all_final, stories_are_whole, submit
from tests.integration.own_postgres import (
    PostgresFleet,
    client_of_a_well,
    every_read,
    is_back_soon,
    orders_of,
    post,
    refused,
    running_fleet_on_own_postgres,
)


@pytest.fixture(scope="module")
def fleet() -> Iterator[PostgresFleet]:
    with running_fleet_on_own_postgres() as fleet:
        yield fleet


@pytest.fixture
async def client(fleet: PostgresFleet) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of_a_well(fleet) as client:
        yield client


def sql(fleet: PostgresFleet, *statements: str) -> None:
    """Change the database, whatever it says of itself."""
    options = "-c default_transaction_read_only=off"
    with psycopg.connect(fleet.postgres.url, autocommit=True, options=options) as connection:
        for statement in statements:
            connection.execute(statement.encode())


@contextmanager
def read_only(fleet: PostgresFleet) -> Iterator[None]:
    sql(fleet, "ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()")
    try:
        yield
    finally:
        sql(fleet, "ALTER SYSTEM RESET default_transaction_read_only", "SELECT pg_reload_conf()")


@contextmanager
def disk_full(fleet: PostgresFleet) -> Iterator[None]:
    """Refuse every write as a full disk does; a real one is not to be had on every machine."""
    sql(
        fleet,
        "CREATE FUNCTION no_space() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE 'No space left on device' USING ERRCODE = 'disk_full'; END $$",
        *(
            f"CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON {table} EXECUTE FUNCTION no_space()"
            for table in ("orders", "order_events", "idempotency_keys")
        ),
    )
    try:
        yield
    finally:
        sql(fleet, "DROP FUNCTION no_space CASCADE")


@contextmanager
def no_connection_left(fleet: PostgresFleet) -> Iterator[None]:
    """Take every connection that the server has to give, the engine's own too."""
    hogs: list[psycopg.Connection[Any]] = []
    ours = "FROM pg_stat_activity WHERE application_name LIKE 'order-engine%'"
    try:
        hogs.append(psycopg.connect(fleet.postgres.url, autocommit=True))
        while True:
            with suppress(psycopg.OperationalError):
                while True:
                    hogs.append(psycopg.connect(fleet.postgres.url, autocommit=True))
            if not hogs[0].execute(f"SELECT pg_terminate_backend(pid) {ours}".encode()).fetchall():
                break
        yield
    finally:
        for hog in hogs:
            hog.close()


@pytest.mark.parametrize(
    ("trouble", "reads"),
    [(read_only, 200), (disk_full, 200), (no_connection_left, 503)],
    ids=("read only", "disk full", "no connection left"),
)
async def test_a_server_that_takes_no_writes(
    fleet: PostgresFleet, client: httpx.AsyncClient, trouble: Callable[[PostgresFleet], Any], reads: int
) -> None:
    user_id = f"user of {trouble.__name__}"
    in_flight = await submit(client, 30)
    with trouble(fleet):
        said = await asyncio.gather(
            *(refused(post(client, f"{n}", userId=user_id)) for n in range(20)),
            *(refused(client.post("/api/orders/execute", json={**ORDER, "userId": user_id})) for _ in range(20)),
        )
        # Connections were cut here: whether what was on its way arrived is then not known.
        assert set(said) <= ({False, "unknown"} if trouble is no_connection_left else {False})
        answers = await every_read(client, in_flight[0])
        assert {answer.status_code for answer in answers} == {reads}
        if reads == 200:  # steps wait for the store, and so the orders stand still
            assert any(order["status"] not in ("confirmed", "failed") for order in answers[2].json()["data"])
    await is_back_soon(client)
    assert orders_of(fleet, user_id) == {}
    orders = await all_final(client, in_flight)
    assert {(order["status"], order["attempt"]) for order in orders} == {("confirmed", 1)}
    stories_are_whole(fleet.settings)
