"""Two APIs and two workers are replaced one by one, and the tables widened, while clients go on: nobody is let down."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from itertools import count
from typing import Any

import httpx
import pytest
from attrs import Factory, define

from adapters.postgres.migrator import Migration, Migrator, bundled_migrations
from tests.clients import ORDER, Follower, all_final, new_engine, rows, stories_are_whole
from tests.eventually import eventually
from tests.processes import EngineProcess, finished, running

pytestmark = pytest.mark.timeout(120)  # a dozen processes start, and on a busy machine each takes seconds

LEASE_SECONDS = 3
# A run takes 0.9 s at most; the machine may be busy.
RUN_SECONDS = 0.9 + 1.0
STEADY = {
    "LEASE_SECONDS": str(LEASE_SECONDS),
    "RECOVERY_SECONDS": "3",
    "LINGER_SECONDS": "1",
    "MOCK_SWAP_MIN_MS": "600",
    "MOCK_SWAP_MAX_MS": "800",
}
EXPAND = Migration("9000_expand.sql", "ALTER TABLE orders ADD COLUMN note TEXT; CREATE TABLE notes (note TEXT);")


@pytest.fixture
def settings(database_url: str, redis_db_url: str) -> dict[str, str]:
    return {**new_engine(database_url, redis_db_url), **STEADY}


@define
class Load:
    """Clients that submit and follow: some ask who is ready, as a balancer does, some use whatever they know."""

    ready: list[str]
    known: list[str]
    followers: list[Follower] = Factory(list)
    failures: list[str] = Factory(list)
    refused: int = 0
    _ended: bool = False
    _numbers: "count[int]" = Factory(count)

    async def run(self) -> None:
        """Submit until `end`, then see every order's end."""
        async with asyncio.TaskGroup() as group:
            for urls in (self.ready, self.known) * 3:
                group.create_task(self._submit(urls, group))

    def end(self) -> None:
        self._ended = True

    @property
    def order_ids(self) -> list[str]:
        return [follower.order_id for follower in self.followers]

    async def _submit(self, urls: list[str], group: asyncio.TaskGroup) -> None:
        async with httpx.AsyncClient(timeout=10) as client:
            while not self._ended:
                follower = Follower(urls, await self._accepted(client, urls, f"key-{next(self._numbers)}"))
                self.followers.append(follower)
                group.create_task(follower.follow())
                await asyncio.sleep(0.25)

    async def _accepted(self, client: httpx.AsyncClient, urls: list[str], key: str) -> str:
        """Submit one order, again and again with its key."""
        while True:
            url = f"{urls[next(self._numbers) % len(urls)]}/api/orders/execute"
            try:
                answer = await client.post(url, json=ORDER, headers={"Idempotency-Key": key})
            except httpx.TransportError as error:
                if urls is self.ready:
                    self.failures.append(repr(error))
                self.refused += 1
                await asyncio.sleep(0.01)
                continue
            if answer.status_code == 202:
                return str(answer.json()["orderId"])
            if answer.status_code != 503 or "Retry-After" not in answer.headers:
                self.failures.append(answer.text)

    async def replace(self, old: EngineProcess, new: EngineProcess) -> None:
        """Bring a new API in, and take the old one out as it tells that it is going."""
        self.ready.append(new.url)
        self.known.append(new.url)
        stopping = asyncio.create_task(asyncio.to_thread(old.terminate))
        async with httpx.AsyncClient(base_url=old.url) as client:

            async def unready() -> bool:
                return (await client.get("/health/ready")).status_code == 503

            await eventually(unready)
            assert (await client.get("/health/ready")).json()["status"] == "draining"
            assert (await client.post("/api/orders/execute", json=ORDER)).status_code == 202  # not ready, yet serving
        self.ready.remove(old.url)
        assert await stopping == 0
        self.known.remove(old.url)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


async def start(stack: ExitStack, command: str, settings: dict[str, str]) -> EngineProcess:
    return await asyncio.to_thread(stack.enter_context, running(command, settings=settings))


async def pairs(stack: ExitStack, settings: dict[str, str]) -> list[EngineProcess]:
    """Start two APIs and two workers."""
    commands = ("api", "api", "worker", "worker")
    return await asyncio.gather(*(start(stack, command, settings) for command in commands))


def nobody_was_let_down(settings: dict[str, str], load: Load, orders: list[dict[str, Any]]) -> None:
    assert load.failures == []
    assert len(load.order_ids) == len(set(load.order_ids)) > 50
    assert len(rows(settings, "SELECT key FROM idempotency_keys")) == len(load.order_ids)  # refused ones were repeated
    assert {(order["status"], order["attempt"]) for order in orders} == {("confirmed", 1)}
    for order in orders:
        assert seconds_between(order["createdAt"], order["finishedAt"]) < RUN_SECONDS + LEASE_SECONDS
    for follower in load.followers:
        assert follower.seqs == list(range(max(follower.seqs) + 1))
        assert follower.frames[-1]["status"] == "confirmed"
        assert set(follower.codes[:-1]) <= {1012}
    stories_are_whole(settings)


def seconds_between(start: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()


async def test_a_rolling_restart_under_load(settings: dict[str, str], stack: ExitStack) -> None:
    *apis, worker, other = await pairs(stack, settings)
    load = Load([api.url for api in apis], [api.url for api in apis])
    async with asyncio.TaskGroup() as group:
        group.create_task(load.run())
        await eventually(lambda: len(load.followers) > 20)
        *new_apis, _, _ = await pairs(stack, settings)
        for old, new in zip(apis, new_apis, strict=True):
            await load.replace(old, new)
        for old in (worker, other):
            reached = len(load.followers)
            assert await asyncio.to_thread(old.terminate) == 0
            await eventually(lambda: len(load.followers) > reached + 10)  # noqa: B023 - awaited here
        load.end()
    async with httpx.AsyncClient(base_url=load.ready[0], timeout=10) as client:
        orders = await all_final(client, load.order_ids)
    nobody_was_let_down(settings, load, orders)
    assert any(1012 in follower.codes for follower in load.followers)


async def test_the_next_releases_tables_serve_this_release_under_load(
    settings: dict[str, str], stack: ExitStack
) -> None:
    """What `docs/upgrading.md` asks of a release: its migrations only add, and run while the one before is at work."""
    *apis, _, _ = await pairs(stack, settings)
    load = Load([api.url for api in apis], [api.url for api in apis])
    wider = Migrator(settings["POSTGRES_URL"], [*bundled_migrations(), EXPAND])
    async with asyncio.TaskGroup() as group:
        group.create_task(load.run())
        await eventually(lambda: len(load.followers) > 20)
        assert (await asyncio.to_thread(finished, "migrate", settings=settings)).returncode == 0
        assert await wider.apply() == [EXPAND.name]
        reached = len(load.followers)
        await eventually(lambda: len(load.followers) > reached + 20)
        late = await start(stack, "api", settings)  # one that starts on the wider tables
        load.ready.append(late.url)
        await eventually(lambda: len(load.followers) > reached + 30)
        load.end()
    async with httpx.AsyncClient(base_url=late.url, timeout=10) as client:
        orders = await all_final(client, load.order_ids)
    nobody_was_let_down(settings, load, orders)
