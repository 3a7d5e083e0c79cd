"""What all processes count is in every API's statistics, whoever ends and however; and who works is listed."""

import asyncio
from collections.abc import Mapping

import httpx

from tests.clients import all_final, new_engine, submit
from tests.eventually import eventually
from tests.processes import finished, running

SECONDS = 20.0  # processes report every five seconds, and an API reads that every five


def test_orders_are_counted_whoever_takes_and_ends_them(database_url: str, redis_db_url: str) -> None:
    settings = new_engine(database_url, redis_db_url)
    with running("api", "--processes", "2", settings=settings) as api:
        asyncio.run(cancelled(api.url))
        with running("worker", settings=settings) as killed, running("worker", settings=settings) as stopped:
            asyncio.run(executed(api.url, 30))
            assert asyncio.run(told(api.url, accepted=40, confirmed=35, cancelled=5)) == 2
            killed.kill()
            asyncio.run(executed(api.url, 5))
            assert stopped.terminate() == 0
        asyncio.run(failed_by_operator(api.url, settings))
        assert asyncio.run(told(api.url, accepted=46, confirmed=40, failed=1, cancelled=5)) <= 1


async def cancelled(url: str) -> None:
    """Place ten orders while nobody works, and cancel half of them."""
    async with httpx.AsyncClient(base_url=url, timeout=10) as client:
        for order_id in (await submit(client, 10))[:5]:
            assert (await client.post(f"/api/orders/{order_id}/cancel")).status_code == 202


async def executed(url: str, count: int) -> None:
    async with httpx.AsyncClient(base_url=url, timeout=10) as client:
        await submit(client, count)
        listed = (await client.get("/api/orders?limit=200")).json()["data"]
        await all_final(client, [order["orderId"] for order in listed])


async def failed_by_operator(url: str, settings: Mapping[str, str]) -> None:
    async with httpx.AsyncClient(base_url=url, timeout=10) as client:
        [order_id] = await submit(client, 1)
    ended = await asyncio.to_thread(finished, "orders", "fail", order_id, settings=settings)
    assert (ended.returncode, ended.stderr) == (0, "")


async def told(url: str, **expected: int) -> int:
    """Wait until an API says that this was counted in each window; return how many workers it lists."""
    counts = {"accepted": 0, "confirmed": 0, "failed": 0, "cancelled": 0, **expected}

    async with httpx.AsyncClient(base_url=url, timeout=10) as client:

        async def is_told() -> bool:
            windows = (await client.get("/api/stats")).json()["windows"]
            return bool(windows["1h"] == windows["24h"] == counts)

        await eventually(is_told, within=SECONDS)
        return len((await client.get("/api/stats")).json()["workers"])
