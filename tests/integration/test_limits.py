"""Limits over real processes, several of one port and one of another: they share them through Redis."""

import asyncio
import time
from collections.abc import Iterator

import httpx
import pytest
import websockets

from tests import servers
from tests.clients import ORDER, new_engine
from tests.eventually import eventually
from tests.processes import EngineProcess, running

POST = "/api/orders/execute"
ORDERS_A_SECOND, SOCKETS = 40, 30
LIMITS = {
    "LIMIT_ORDERS": f"address={ORDERS_A_SECOND}/s",
    "LIMIT_SOCKETS": f"address={SOCKETS}",
    "TRUSTED_PROXIES": "127.0.0.1",
}
SECONDS = 10


@pytest.fixture(scope="module")
def apis(postgres_url: str, redis_url: str) -> Iterator[list[EngineProcess]]:
    with servers.empty_database(postgres_url) as url:
        settings = {**new_engine(url, redis_url), **LIMITS}
        with running("api", "--processes", "3", settings=settings) as three, running("api", settings=settings) as one:
            yield [three, one]


async def flood(url: str, address: str, until: float) -> int:
    """Send orders as fast as they are answered; return how many were taken."""
    taken = 0
    async with httpx.AsyncClient(base_url=url, headers={"X-Forwarded-For": address}, timeout=10) as client:
        while time.monotonic() < until:
            answer = await client.post(POST, json=dict(ORDER))
            assert answer.status_code in (202, 429)
            if answer.status_code == 429:
                assert int(answer.headers["Retry-After"]) >= 1
                await asyncio.sleep(0.01)
            taken += answer.status_code == 202
    return taken


async def floods(urls: list[str], address: str, seconds: float = SECONDS) -> int:
    until = time.monotonic() + seconds
    return sum(await asyncio.gather(*(flood(url, address, until) for url in urls)))


async def test_four_processes_together_take_at_most_a_fifth_more_than_the_limit(apis: list[EngineProcess]) -> None:
    three, one = (api.url for api in apis)
    taken = await floods([three] * 6 + [one] * 2, "203.0.113.1")
    assert 0.8 * ORDERS_A_SECOND * SECONDS <= taken <= 1.2 * ORDERS_A_SECOND * SECONDS


async def test_who_is_alone_at_one_process_has_the_whole_limit(apis: list[EngineProcess]) -> None:
    _, one = (api.url for api in apis)

    async def has_all() -> bool:
        return await floods([one] * 4, "203.0.113.2", 1) >= 0.9 * ORDERS_A_SECOND

    assert await eventually(has_all, within=30)


async def test_open_sockets_stay_within_the_limit_over_all_processes(apis: list[EngineProcess]) -> None:
    feeds = [f"{api.url.replace('http', 'ws', 1)}/ws/orders" for api in apis]
    headers = {"X-Forwarded-For": "203.0.113.3"}
    open_now: list[websockets.ClientConnection] = []
    ends: set[tuple[int | None, str | None]] = set()

    async def more() -> bool:
        for number in range(SOCKETS):
            socket = await websockets.connect(feeds[number % 4 == 0], additional_headers=headers)
            try:
                await asyncio.wait_for(socket.recv(), 0.02)
            except TimeoutError:
                open_now.append(socket)
            except websockets.ConnectionClosed:
                ends.add((socket.close_code, socket.close_reason))
        assert len(open_now) <= 1.2 * SOCKETS
        return len(open_now) >= 0.9 * SOCKETS

    assert await eventually(more, within=60)
    assert ends == {(1013, "too many connections")}
    for socket in open_now:
        await socket.close()
