"""Postgres dies, hangs and comes back under running processes: told in time and truly, and no restart."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator

import httpx
import pytest

from entrypoints.dev.servers import LocalPostgres
from tests.clients import all_final, stories_are_whole, submit
from tests.eventually import eventually
from tests.integration.own_postgres import (
    LIMIT_SECONDS,
    PostgresFleet,
    client_of_a_well,
    is_back_soon,
    orders_of,
    post,
    refused,
    running_fleet_on_own_postgres,
    timed,
)


@pytest.fixture(scope="module")
def fleet() -> Iterator[PostgresFleet]:
    with running_fleet_on_own_postgres() as fleet:
        yield fleet


@pytest.fixture
async def client(fleet: PostgresFleet) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of_a_well(fleet) as client:
        yield client


Ways = Callable[[LocalPostgres], object]
WAYS: dict[str, tuple[Ways, Ways]] = {
    "refused": (LocalPostgres.stop, LocalPostgres.start),
    "hanging": (LocalPostgres.pause, LocalPostgres.resume),
    "killed": (LocalPostgres.kill, LocalPostgres.start),
}


@pytest.mark.parametrize("way", WAYS)
async def test_while_it_is_away_clients_are_told_in_time_and_the_truth(
    fleet: PostgresFleet, client: httpx.AsyncClient, way: str
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
        ready, seconds = await timed(client.get(f"{fleet.api.operations}/health/ready"))
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


async def test_an_unknown_outcome_is_settled_by_asking_again(fleet: PostgresFleet, client: httpx.AsyncClient) -> None:
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


async def test_a_restart_under_load_loses_and_doubles_nothing(fleet: PostgresFleet, client: httpx.AsyncClient) -> None:
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
