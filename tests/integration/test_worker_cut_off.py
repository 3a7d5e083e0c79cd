"""A worker whose way to Postgres is cut, or long, beside one that is free: real processes, and no order waits."""

import time
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from attrs import frozen

from tests.clients import all_final, new_engine, stories_are_whole, submit
from tests.eventually import eventually
from tests.processes import EngineProcess, running
from tests.relay import Relay, relay_to
from tests.scraping import key, read

pytestmark = pytest.mark.timeout(120)  # three processes start
GRACE_SECONDS = 3.0


@frozen
class Engine:
    """An API, a worker behind a relay, and settings for others that reach Postgres."""

    settings: dict[str, str]
    api: EngineProcess
    relay: Relay
    worker: EngineProcess


@pytest.fixture
def engine(database_url: str, redis_db_url: str) -> Iterator[Engine]:
    settings = {**new_engine(database_url, redis_db_url), "GRACE_SECONDS": str(GRACE_SECONDS)}
    with (
        relay_to(database_url) as relay,
        running("api", settings=settings) as api,
        running("worker", settings={**settings, "POSTGRES_URL": relay.url}) as worker,
    ):
        yield Engine(settings, api, relay, worker)


@pytest.fixture
async def client(engine: Engine) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=engine.api.url, timeout=10) as client:
        yield client


async def in_hand(engine: Engine) -> float:
    async with httpx.AsyncClient(base_url=engine.worker.url, timeout=10) as client:
        return read((await client.get("/metrics")).text)[key("orders_in_flight")]


async def cut_off_with_orders_in_hand(engine: Engine, client: httpx.AsyncClient) -> list[str]:
    """Submit orders, and cut the worker off as soon as it has some of them; return their ids."""
    order_ids = await submit(client, 60)
    await eventually(lambda: in_hand(engine))
    engine.relay.hold()
    return order_ids


async def test_a_worker_cut_off_from_postgres_leaves_its_orders_to_others(
    engine: Engine, client: httpx.AsyncClient
) -> None:
    before = await cut_off_with_orders_in_hand(engine, client)
    with running("worker", settings=engine.settings):
        after = await submit(client, 60)
        orders = await all_final(client, before + after, seconds=30)
    assert {(order["status"], order["attempt"]) for order in orders} == {("confirmed", 1)}
    stories_are_whole(engine.settings)
    engine.relay.release()
    orders = await all_final(client, await submit(client, 60))  # it works again
    assert {order["status"] for order in orders} == {"confirmed"}


async def test_a_worker_far_from_postgres_holds_up_no_order(engine: Engine, client: httpx.AsyncClient) -> None:
    engine.relay.late = 0.25
    before = await submit(client, 300)
    with running("worker", settings=engine.settings):
        for _ in range(5):
            orders = await all_final(client, before, seconds=30)
            assert {(order["status"], order["attempt"]) for order in orders} == {("confirmed", 1)}
            before = await submit(client, 100)
        await all_final(client, before, seconds=30)
    stories_are_whole(engine.settings)


async def test_a_worker_cut_off_from_postgres_stops_within_its_grace_time(
    engine: Engine, client: httpx.AsyncClient
) -> None:
    order_ids = await cut_off_with_orders_in_hand(engine, client)
    begun = time.monotonic()
    assert engine.worker.terminate(60) == 0
    assert time.monotonic() - begun < 2 * GRACE_SECONDS  # on a busy machine
    engine.relay.release()
    with running("worker", settings=engine.settings):
        orders = await all_final(client, order_ids, seconds=30)
    assert {(order["status"], order["attempt"]) for order in orders} == {("confirmed", 1)}
