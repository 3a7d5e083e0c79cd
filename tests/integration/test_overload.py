"""More than the engine can take: what does not fit is refused at once and cleanly, what was accepted is finished."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator

import httpx
import psycopg
import pytest

from adapters.postgres.order_store import PostgresOrderStore
from application.execute_order import Done
from tests.api import ORDER, Api, Engine, running_api
from tests.eventually import eventually

BOUND = 10
MOST = 5
CLIENTS = 80


@pytest.fixture
async def store(migrated_url: str) -> AsyncIterator[PostgresOrderStore]:
    store = PostgresOrderStore(migrated_url, most=MOST, bound=BOUND)
    await store.open()
    yield store
    await store.close()


@pytest.fixture
async def api(store: PostgresOrderStore) -> AsyncIterator[Api]:
    async with running_api(Engine(store=store)) as api:
        yield api


async def post(client: httpx.AsyncClient, number: int) -> httpx.Response:
    headers = {"Idempotency-Key": str(number)} if number % 2 else {}
    return await client.post("/api/orders/execute", json=ORDER, headers=headers)


async def test_beyond_the_bound_clients_are_told_to_come_back(migrated_url: str, api: Api) -> None:
    limits = httpx.Limits(max_connections=CLIENTS)
    async with httpx.AsyncClient(base_url=api.url, timeout=10, limits=limits) as client:
        async with await psycopg.AsyncConnection.connect(migrated_url) as slow:
            await slow.execute("LOCK TABLE orders IN EXCLUSIVE MODE")  # inserts wait, as they do for a busy disk
            start = time.monotonic()
            posts = [asyncio.create_task(post(client, number)) for number in range(CLIENTS)]
            refusals: list[httpx.Response] = []

            async def most_are_refused() -> bool:
                refusals[:] = [post.result() for post in posts if post.done() and post.result().status_code == 503]
                return len(refusals) > CLIENTS / 2

            await eventually(most_are_refused)
            assert time.monotonic() - start < 3
            await slow.rollback()
        answers = await asyncio.gather(*posts)
        told = Counter((answer.status_code, answer.json().get("code")) for answer in answers)
        assert set(told) <= {(202, None), (503, "overloaded"), (503, "store_unavailable")}
        assert told[503, "overloaded"] > CLIENTS / 2
        for answer in answers:
            if answer.status_code == 503:
                assert int(answer.headers["Retry-After"]) >= 1
                if answer.json()["code"] == "overloaded":
                    assert answer.json()["accepted"] is False

        accepted = [answer.json()["orderId"] for answer in answers if answer.status_code == 202]
        accepted.append((await post(client, CLIENTS)).json()["orderId"])  # all is well again
        for order_id in accepted:
            assert await api.engine.execute(order_id) == Done()
            assert (await client.get(f"/api/orders/{order_id}")).json()["status"] == "confirmed"


async def test_reads_beyond_the_bound_are_refused_too(migrated_url: str, api: Api) -> None:
    order_id = await api.submit()
    limits = httpx.Limits(max_connections=CLIENTS)
    async with httpx.AsyncClient(base_url=api.url, timeout=10, limits=limits) as client:
        async with await psycopg.AsyncConnection.connect(migrated_url) as slow:
            await slow.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
            start = time.monotonic()
            answers = await asyncio.gather(*(client.get(f"/api/orders/{order_id}") for _ in range(CLIENTS)))
            assert time.monotonic() - start < 4
        assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(503, "store_unavailable")}
        assert all(int(answer.headers["Retry-After"]) >= 1 for answer in answers)
        assert (await client.get(f"/api/orders/{order_id}")).status_code == 200


async def test_a_worker_in_need_of_a_full_store_waits_and_finishes(api: Api) -> None:
    """More orders at work than the store lets wait: each step is tried again until it has room."""
    order_ids = [await api.submit() for _ in range(60)]
    outcomes = await asyncio.gather(*(api.engine.execute(order_id) for order_id in order_ids))
    assert outcomes == [Done()] * len(order_ids)
    listed = (await api.http.get("/api/orders?limit=200&status=confirmed")).json()["data"]
    assert {order["orderId"] for order in listed} == set(order_ids)
