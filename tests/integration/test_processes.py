"""The real processes on real servers: orders flow, and go on when processes and servers come and go."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import psycopg
import pytest
import websockets

from entrypoints.dev.servers import LocalRedis
from tests.clients import all_final, new_engine, rows, stories_are_whole, submit
from tests.eventually import eventually
from tests.integration.hanging import hanging_server
from tests.processes import EngineProcess, finished, running

CLEAN = [
    "Fetching quotes from Raydium & Meteora...",
    "Best route: {chosen_dex}",
    "Building transaction...",
    "Transaction submitted to network...",
    "Swap executed successfully",
]


@pytest.fixture
def settings(database_url: str, redis_db_url: str) -> dict[str, str]:
    """The variables that all processes of one engine share."""
    return new_engine(database_url, redis_db_url)


@pytest.fixture
def api(settings: dict[str, str]) -> Iterator[EngineProcess]:
    with running("api", settings=settings) as process:
        yield process


@pytest.fixture
async def client(api: EngineProcess) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=api.url, timeout=10) as client:
        yield client


async def test_orders_flow_from_the_api_through_the_worker(settings: dict[str, str], client: httpx.AsyncClient) -> None:
    with running("worker", settings=settings):
        orders = await all_final(client, await submit(client, 50))
    for order in orders:
        assert order["status"] == "confirmed"
        assert order["logs"] == [line.format(chosen_dex=order["chosenDex"]) for line in CLEAN]
    stored = {row["order_id"]: row for row in rows(settings, "SELECT * FROM orders")}
    for order in orders:
        row = stored[order["orderId"]]
        assert (row["status"], row["tx_hash"], row["logs"]) == ("confirmed", order["txHash"], order["logs"])
        assert float(row["execution_price"]) == order["executionPrice"]
    stories_are_whole(settings)


async def test_a_killed_workers_orders_are_finished_by_another(
    settings: dict[str, str], api: EngineProcess, client: httpx.AsyncClient
) -> None:
    slow = {**settings, "MOCK_SWAP_MIN_MS": "800", "MOCK_SWAP_MAX_MS": "900"}
    with running("worker", settings=slow) as worker:
        order_ids = await submit(client, 60)

        async def some_submitted() -> bool:
            return bool((await client.get("/api/orders?status=submitted")).json()["data"])

        await eventually(some_submitted)
        worker.kill()
    sent = {order["orderId"]: order["txHash"] for order in (await client.get("/api/orders?limit=200")).json()["data"]}
    with running("worker", settings=slow):
        orders = await all_final(client, order_ids)
    assert [order["status"] for order in orders] == ["confirmed"] * 60
    assert {order["attempt"] for order in orders} == {1}
    assert all(order["txHash"] == sent[order["orderId"]] for order in orders if sent[order["orderId"]])
    stories_are_whole(settings)


async def test_a_stopping_worker_hands_its_orders_to_another(
    settings: dict[str, str], client: httpx.AsyncClient
) -> None:
    slow = {**settings, "MOCK_SWAP_MIN_MS": "3000", "MOCK_SWAP_MAX_MS": "3000", "LEASE_SECONDS": "60"}
    with running("worker", settings=slow) as worker:
        order_ids = await submit(client, 20)

        async def all_submitted() -> bool:
            return len((await client.get("/api/orders?status=submitted")).json()["data"]) == 20

        await eventually(all_submitted)
        assert worker.terminate(5) == 0
    # A lease of 60 s that was not handed back would keep the next worker waiting.
    with running("worker", settings=slow):
        orders = await all_final(client, order_ids, 15)
    assert [order["status"] for order in orders] == ["confirmed"] * 20
    assert {order["attempt"] for order in orders} == {1}


async def test_every_socket_sees_every_frame_of_a_burst(settings: dict[str, str], api: EngineProcess) -> None:
    async def follow(client: httpx.AsyncClient) -> tuple[list[dict[str, Any]], int | None]:
        [order_id] = await submit(client, 1)
        async with websockets.connect(f"{api.url.replace('http', 'ws')}/ws/orders/{order_id}") as ws:
            frames = [json.loads(text) async for text in ws]
            return frames, ws.close_code

    with running("worker", settings=settings):
        async with httpx.AsyncClient(base_url=api.url, timeout=20) as client:
            results = await asyncio.gather(*(follow(client) for _ in range(200)))
    for frames, code in results:
        assert [frame["seq"] for frame in frames] == [0, 1, 2, 3, 4, 5]
        assert code == 1000


async def test_orders_are_taken_while_redis_is_away_and_run_when_it_is_back(
    settings: dict[str, str], server_dir: Path
) -> None:
    with LocalRedis(server_dir / "redis") as redis:
        mine = {**settings, "REDIS_URL": redis.url}
        with running("api", settings=mine) as api, running("worker", settings=mine) as worker:
            async with httpx.AsyncClient(base_url=api.url, timeout=10) as client:
                redis.kill()
                order_ids = await submit(client, 20)
                ready = await client.get(f"{api.operations}/health/ready")
                assert (ready.status_code, ready.json()["checks"]["redis"]) == (200, "degraded")
                redis.start()
                orders = await all_final(client, order_ids)
                assert worker.process.poll() is None
    assert [order["status"] for order in orders] == ["confirmed"] * 20


async def test_a_first_postgres_host_that_drops_packets_stops_no_process(settings: dict[str, str]) -> None:
    with hanging_server(drops=True) as address:
        host, _, port = address.partition(":")
        at = urlsplit(settings["POSTGRES_URL"])
        hosts = f"host={host},{at.hostname}&port={port},{at.port}&user={at.username}&password={at.password}"
        behind = {**settings, "POSTGRES_URL": f"postgresql://{at.path}?{hosts}"}
        migrated = await asyncio.to_thread(finished, "migrate", settings=behind)
        assert (migrated.returncode, migrated.stderr) == (0, "")
        failed = await asyncio.to_thread(finished, "orders", "fail", str(uuid4()), settings=behind)
        assert "Postgres" not in failed.stderr
        with running("api", settings=behind) as api, running("worker", settings=behind):
            async with httpx.AsyncClient(base_url=api.url, timeout=10) as client:
                for _ in range(10):
                    assert (await client.get("/health/ready")).status_code == 200
                [order] = await all_final(client, await submit(client, 1))
                assert order["status"] == "confirmed"


@pytest.mark.parametrize("command", ["migrate", "api", "api --processes 2", "worker", "dev", "orders requeue x"])
def test_a_database_that_cannot_hold_every_text_is_refused_at_the_start(
    postgres_url: str, redis_db_url: str, command: str
) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS ascii")
        connection.execute("CREATE DATABASE ascii TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'")
    url = urlsplit(postgres_url)._replace(path="/ascii").geturl()
    ports = dict.fromkeys(("PORT", "OPERATIONS_PORT", "WORKER_HTTP_PORT"), "0")
    ended = finished(*command.split(), settings={"POSTGRES_URL": url, "REDIS_URL": redis_db_url, **ports})
    assert ended.returncode == 1
    assert "encoded in SQL_ASCII" in ended.stderr
    assert "createdb --encoding=UTF8" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_migrate_says_what_it_did(database_url: str) -> None:
    first, again = (finished("migrate", settings={"POSTGRES_URL": database_url}).stdout for _ in range(2))
    assert first.startswith("Applied 0001_orders.sql\nApplied 0002_")
    assert first.endswith("\nThe tables are up to date.\n")
    assert again == "The tables are up to date: there was nothing to apply.\n"


def test_processes_say_what_they_need(settings: dict[str, str]) -> None:
    for command in ("api", "worker"):
        ended = finished(command, settings={"POSTGRES_URL": "", "REDIS_URL": ""})
        assert ended.returncode == 2
        assert "ORDER_ENGINE_POSTGRES_URL must be set" in ended.stderr
        assert "ORDER_ENGINE_REDIS_URL must be set" in ended.stderr
    ended = finished("migrate", settings={"POSTGRES_URL": "postgresql://user:hunter2@127.0.0.1:1/db"})
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    assert "hunter2" not in ended.stderr
    ended = finished("check-config", settings={"PORT": "http", "MOCK_SEED": "x"})
    assert ended.returncode == 2
    assert "ORDER_ENGINE_PORT" in ended.stderr
    assert "ORDER_ENGINE_MOCK_SEED" in ended.stderr
    assert finished("check-config", settings=settings).returncode == 0
