"""Postgres dies, hangs, fills up and comes back under running processes: told in time and truly, and no restart."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from attrs import frozen
from redis.asyncio import Redis

from adapters.redis import keys
from entrypoints.local_servers import LocalPostgres, LocalRedis
from tests import servers
from tests.clients import ORDER, all_final, new_engine, rows, stories_are_whole, submit
from tests.eventually import eventually
from tests.processes import EngineProcess, running

# What the engine promises is 2 s; a busy machine may take a little longer.
LIMIT_SECONDS = 3.0
BACK_SECONDS = 3.0
SLOW = {"MOCK_SWAP_MIN_MS": "700", "MOCK_SWAP_MAX_MS": "900"}
OPTIONS = {"timezone": servers.TIMEZONE, "fsync": "off", "max_connections": "40"}

Calls = Mapping[str, httpx.Response]


@frozen
class Fleet:
    """An engine of one API and one worker, its Postgres and its Redis."""

    settings: dict[str, str]
    postgres: LocalPostgres
    api: EngineProcess
    worker: EngineProcess

    def sql(self, *statements: str) -> None:
        """Change the database, whatever it says of itself."""
        options = "-c default_transaction_read_only=off"
        with psycopg.connect(self.postgres.url, autocommit=True, options=options) as connection:
            for statement in statements:
                connection.execute(statement.encode())


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    """One fleet for all tests here: that each finds it well again after the one before is half of the proof."""
    with (
        servers.reachable_folder() as folder,
        LocalPostgres(folder / "postgres", options=OPTIONS) as postgres,
        LocalRedis(folder / "redis") as redis,
    ):
        settings = {**new_engine(postgres.url, redis.url), **SLOW, "WORKER_CONCURRENCY": "100"}
        with running("api", settings=settings) as api, running("worker", settings=settings) as worker:
            yield Fleet(settings, postgres, api, worker)
            assert (api.process.poll(), worker.process.poll()) == (None, None)


@pytest.fixture
async def client(fleet: Fleet) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=fleet.api.url, timeout=10) as client:
        await eventually(lambda: works(client))
        yield client


async def post(client: httpx.AsyncClient, key: str, **over: object) -> httpx.Response:
    return await client.post("/api/orders/execute", json={**ORDER, **over}, headers={"Idempotency-Key": key})


async def works(client: httpx.AsyncClient) -> bool:
    """Whether every kind of call is answered as usual."""
    answers = await every_read(client, (await submit_or_not(client)) or str(uuid4()))
    return all(answer.status_code == 200 for answer in answers)


async def submit_or_not(client: httpx.AsyncClient) -> str | None:
    answers = await asyncio.gather(
        client.post("/api/orders/execute", json=ORDER), post(client, str(uuid4())), client.get("/health/ready")
    )
    if [answer.status_code for answer in answers] != [202, 202, 200]:
        return None
    return str(answers[0].json()["orderId"])


async def every_read(client: httpx.AsyncClient, order_id: str) -> list[httpx.Response]:
    order = f"/api/orders/{order_id}"
    paths = (order, f"{order}/events", "/api/orders", "/api/orders?status=failed")
    return await asyncio.gather(*map(client.get, paths))


async def timed(call: Awaitable[httpx.Response]) -> tuple[httpx.Response, float]:
    start = time.monotonic()
    return await call, time.monotonic() - start


async def refused(call: Awaitable[httpx.Response]) -> object:
    """Check that a call is turned away in time and in form; return what it says of the order."""
    answer, seconds = await timed(call)
    assert seconds < LIMIT_SECONDS
    assert answer.status_code == 503, answer.text
    assert answer.json()["code"] == "store_unavailable"
    assert int(answer.headers["Retry-After"]) >= 1
    assert answer.headers["Content-Type"] == "application/problem+json"
    return answer.json()["accepted"]


async def is_back_soon(client: httpx.AsyncClient) -> None:
    start = time.monotonic()
    await eventually(lambda: works(client))
    assert time.monotonic() - start < BACK_SECONDS


def orders_of(fleet: Fleet, user_id: str) -> dict[str, list[str]]:
    """Return the ids of a user's orders, by Idempotency-Key."""
    found: dict[str, list[str]] = {}
    query = "SELECT order_id, key FROM orders AS o LEFT JOIN idempotency_keys USING (order_id) WHERE o.user_id = %s"
    for row in rows(fleet.settings, query, [user_id]):
        found.setdefault(row["key"], []).append(row["order_id"])
    return found


Ways = Callable[[LocalPostgres], object]
WAYS: dict[str, tuple[Ways, Ways]] = {
    "refused": (LocalPostgres.stop, LocalPostgres.start),
    "hanging": (LocalPostgres.pause, LocalPostgres.resume),
    "killed": (LocalPostgres.kill, LocalPostgres.start),
}


@pytest.mark.parametrize("way", WAYS)
async def test_while_it_is_away_clients_are_told_in_time_and_the_truth(
    fleet: Fleet, client: httpx.AsyncClient, way: str
) -> None:
    harm, heal = WAYS[way]
    user_id = f"user of {way}"
    in_flight = await submit(client, 30)
    await asyncio.to_thread(harm, fleet.postgres)
    try:
        said: dict[str, object] = {}
        for turn in range(2):
            posts = {f"{turn}-{n}": refused(post(client, f"{turn}-{n}", userId=user_id)) for n in range(20)}
            reads = [refused(call) for call in map(client.get, ("/api/orders", f"/api/orders/{in_flight[0]}"))]
            reads.append(refused(client.get(f"/api/orders/{in_flight[0]}/events")))
            cancelling = refused(client.post(f"/api/orders/{in_flight[0]}/cancel"))
            outcomes = await asyncio.gather(*posts.values(), *reads, cancelling)
            said |= dict(zip(posts, outcomes, strict=False))
        ready, seconds = await timed(client.get("/health/ready"))
        assert (ready.status_code, ready.json()["checks"]["postgres"]) == (503, "down")
        assert seconds < LIMIT_SECONDS
        assert (await client.get("/health/live")).status_code == 200
    finally:
        await asyncio.to_thread(heal, fleet.postgres)
    await is_back_soon(client)

    assert set(said.values()) <= {False, "unknown"}
    kept = orders_of(fleet, user_id)
    assert {key for key in kept if said[key] is False} == set()
    for answer in await asyncio.gather(*(post(client, key, userId=user_id) for key in said)):
        assert answer.status_code == 202
        key = answer.request.headers["Idempotency-Key"]
        assert answer.headers.get("Idempotency-Replayed") == ("true" if key in kept else None)
        assert kept.setdefault(key, [answer.json()["orderId"]]) == [answer.json()["orderId"]]
    assert orders_of(fleet, user_id) == kept
    assert set(kept) == set(said)

    mine = [order_id for order_ids in kept.values() for order_id in order_ids]
    orders = await all_final(client, [*in_flight, *mine])
    assert {order["status"] for order in orders} == {"confirmed"}
    assert {order["attempt"] for order in orders} == {1}
    stories_are_whole(fleet.settings)


async def test_an_unknown_outcome_is_settled_by_asking_again(fleet: Fleet, client: httpx.AsyncClient) -> None:
    """The group is sent, then the server freezes: nobody can tell. Clients repeat at once, and go on repeating."""
    user_id = "user in doubt"
    said: set[object] = set()

    async def insist(key: str) -> str:
        while True:
            answer = await post(client, key, userId=user_id)
            if answer.status_code == 202:
                return str(answer.json()["orderId"])
            said.add(answer.json()["accepted"])
            await asyncio.sleep(0.1)

    async with asyncio.TaskGroup() as group:
        for turn in range(2):
            clients = [group.create_task(insist(f"{turn}-{n}")) for n in range(30) for _ in range(2)]
            fleet.postgres.pause()
            try:
                await eventually(lambda: "unknown" in said)
            finally:
                fleet.postgres.resume()
            await asyncio.wait(clients)
            said.clear()
    kept = orders_of(fleet, user_id)
    assert len(kept) == 60
    assert all(len(order_ids) == 1 for order_ids in kept.values())
    await all_final(client, [order_id for [order_id] in kept.values()])
    stories_are_whole(fleet.settings)


async def test_a_restart_under_load_loses_and_doubles_nothing(fleet: Fleet, client: httpx.AsyncClient) -> None:
    user_id = "user of a restart"
    healed = asyncio.Event()

    async def insist(key: str) -> str:
        while (answer := await post(client, key, userId=user_id)).status_code != 202:
            assert answer.json()["code"] == "store_unavailable"
            await asyncio.sleep(0.05)
        return str(answer.json()["orderId"])

    async def stream(name: int) -> list[str]:
        accepted: list[str] = []
        while not healed.is_set() or len(accepted) < 10:
            accepted.append(await insist(f"{name}-{len(accepted)}"))
            await asyncio.sleep(0.02)
        return accepted

    streams = [asyncio.create_task(stream(name)) for name in range(4)]
    for harm in (LocalPostgres.stop, LocalPostgres.kill):
        await asyncio.to_thread(harm, fleet.postgres)
        await asyncio.to_thread(fleet.postgres.start)
        await is_back_soon(client)
    healed.set()
    accepted = [order_id for orders in await asyncio.gather(*streams) for order_id in orders]
    kept = orders_of(fleet, user_id)
    assert sorted(order_id for [order_id] in kept.values()) == sorted(accepted)
    orders = await all_final(client, accepted)
    assert {(order["status"], order["attempt"]) for order in orders} == {("confirmed", 1)}
    stories_are_whole(fleet.settings)


@contextmanager
def read_only(fleet: Fleet) -> Iterator[None]:
    fleet.sql("ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()")
    try:
        yield
    finally:
        fleet.sql("ALTER SYSTEM RESET default_transaction_read_only", "SELECT pg_reload_conf()")


@contextmanager
def disk_full(fleet: Fleet) -> Iterator[None]:
    """Refuse every write as a full disk does; a real one is not to be had on every machine."""
    fleet.sql(
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
        fleet.sql("DROP FUNCTION no_space CASCADE")


@contextmanager
def no_connection_left(fleet: Fleet) -> Iterator[None]:
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
    fleet: Fleet, client: httpx.AsyncClient, trouble: Callable[[Fleet], Any], reads: int
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


DAMAGES = (
    'quotes = \'{"no": "list"}\'',
    "reason_code = 'because'",
    "logs = NULL",
    "amount = 'NaN'",
    "created_at = NULL",
    "status = 'submitted', tx_hash = 'tx', tx_venue = 'Nowhere'",
    "status = 'submitted'",
    "version = 7",
)


async def test_damaged_rows_and_foreign_jobs_harm_no_neighbour(fleet: Fleet, client: httpx.AsyncClient) -> None:
    async with Redis.from_url(fleet.settings["REDIS_URL"]) as redis:
        await redis.set(keys.PAUSED, "1")
        order_ids = await submit(client, 24, userId="user among the damaged")
        damaged, sound = order_ids[::3], [order_id for n, order_id in enumerate(order_ids) if n % 3]
        for order_id, damage in zip(damaged, DAMAGES, strict=True):
            fleet.sql(f"UPDATE orders SET {damage} WHERE order_id = '{order_id}'")  # noqa: S608 - our own texts
        for foreign in (b"", b"\x00", b"\xff\xfe", b"not an id", b"x" * 10_000, str(uuid4()).encode()):
            await redis.xadd(keys.STREAM, {"name": "execute", "orderId": foreign})
        await redis.xadd(keys.STREAM, {"what": "ever"})
        await redis.delete(keys.PAUSED)
    started = time.monotonic()
    orders = await all_final(client, sound)
    assert time.monotonic() - started < 8
    assert {(order["status"], order["attempt"]) for order in orders} == {("confirmed", 1)}

    listed = await client.get("/api/orders?userId=user among the damaged")
    assert listed.status_code == 200
    assert {order["orderId"] for order in listed.json()["data"]} >= set(sound)
    for order_id in damaged:
        assert (await client.get(f"/api/orders/{order_id}")).status_code in (200, 500)
    assert fleet.worker.process.poll() is None
    await all_final(client, await submit(client, 10))
    fleet.sql("DELETE FROM orders WHERE user_id = 'user among the damaged'")
