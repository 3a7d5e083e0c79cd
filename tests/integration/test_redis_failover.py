"""A replica is promoted behind the service address, and the old primary is demoted but keeps its connections."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import AsyncExitStack, ExitStack
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from attrs import frozen
from redis.asyncio import Redis

from adapters.redis import publisher, subscriber
from adapters.redis.clients import feed_client, queue_client
from adapters.redis.order_queue import RedisOrderQueue
from adapters.redis.queue_operations import RedisQueueOperations
from adapters.redis.update_feed import RedisUpdateFeed
from adapters.redis.write_marks import RedisWriteMarks
from application.frames import Frame
from application.ports.errors import QueueUnavailable
from application.ports.write_marks import WriteMark
from entrypoints.dev.servers import LocalRedis
from tests import servers
from tests.clients import all_final, new_engine, stories_are_whole, submit
from tests.contracts.order_queue_harness import ids_of
from tests.contracts.update_feed import a_frame
from tests.eventually import eventually
from tests.processes import EngineProcess, running
from tests.relay import Relay, relay_to

OURS = ("order-engine-queue", "order-engine-feed")


@frozen
class Pair:
    """A primary and its replica; `url` is the address that leads to the primary, `admins` go to each directly."""

    url: str
    relay: Relay
    ports: tuple[int, int]
    password: str

    def admin(self, which: int) -> Redis:
        return Redis(port=self.ports[which], password=self.password, decode_responses=True)

    async def fail_over(self) -> None:
        """Promote the replica, lead new connections to it, then demote the primary: nobody's connection ends."""
        async with self.admin(0) as old, self.admin(1) as new:
            await new.replicaof("NO", "ONE")
            self.relay.lead_to(f"redis://127.0.0.1:{self.ports[1]}")
            await old.replicaof("127.0.0.1", str(self.ports[1]))

    async def nobody_is_left(self, of: Collection[str] = OURS) -> bool:
        """Say whether all connections with these names have left the old primary."""
        async with self.admin(0) as old:
            return not [client for client in await old.client_list() if client["name"] in of]


@pytest.fixture
def pair(server_dir: Path) -> Iterator[Pair]:
    with ExitStack() as stack:
        first, second = (stack.enter_context(LocalRedis(server_dir / name)) for name in ("first", "second"))
        ports = (urlsplit(first.url).port or 0, urlsplit(second.url).port or 0)
        password = urlsplit(first.url).password or ""
        asyncio.run(follow(first.url, second.url, ports[0], password))
        relay = stack.enter_context(relay_to(first.url))
        yield Pair(relay.url, relay, ports, password)


async def follow(primary_url: str, replica_url: str, port: int, password: str) -> None:
    """Make a replica of the second, with the first's password, and wait until it has everything."""
    async with Redis.from_url(primary_url) as primary, Redis.from_url(replica_url) as replica:
        await primary.config_set("masterauth", password)
        await replica.config_set("masterauth", password)
        await replica.config_set("requirepass", password)
        await replica.replicaof("127.0.0.1", str(port))

        async def linked() -> bool:
            return str((await replica.info("replication"))["master_link_status"]) == "up"

        await eventually(linked)


@pytest.fixture
async def queue(pair: Pair) -> AsyncIterator[RedisOrderQueue]:
    async with queue_client(pair.url) as client:
        queue = RedisOrderQueue(client, "w1", lease_seconds=60, cool_off=0.1)
        await queue.open()
        yield queue
        await queue.close()


async def works(queue: RedisOrderQueue) -> bool:
    try:
        await queue.ping()
        await queue.put(["probe"])
    except QueueUnavailable:
        return False
    return True


async def test_the_queue_follows(pair: Pair, queue: RedisOrderQueue) -> None:
    async with queue_client(pair.url) as client:
        operations = RedisQueueOperations(client)
        await queue.put(["held", "waits"])
        (held,) = await queue.take(1, 0)
        await queue.take(1, 0)
        assert list(await queue.take(1, 0.01)) == []  # so that there is a connection that waits
        await operations.counts()
        async with pair.admin(0) as old:
            assert await old.wait(1, 5000) == 1
        await pair.fail_over()
        await eventually(lambda: works(queue))
        await queue.done(held)

        async def counted() -> bool:
            try:
                return (await operations.counts()).leased == 1
            except QueueUnavailable:
                return False

        await eventually(counted)
        assert ids_of(await queue.take(5, 0)) == ["probe"]
        taking = asyncio.create_task(queue.take(1, 30))
        await asyncio.sleep(0.05)
        await queue.put(["new"])
        assert ids_of(await taking) == ["new"]
        await eventually(pair.nobody_is_left)
        await operations.close()


async def test_marks_are_asked_of_the_primary(pair: Pair) -> None:
    """Also by a process that had looked before, and left none."""
    async with queue_client(pair.url) as client, queue_client(pair.url) as other:
        marks, of_another = RedisWriteMarks(client), RedisWriteMarks(other)
        assert list(await marks.left()) == []
        assert await pair.nobody_is_left()
        await pair.fail_over()
        async with pair.admin(0) as old:  # it hears nothing of what the new one gets
            await old.replicaof("127.0.0.1", "1")
        mark = WriteMark("1", "orders", 1, "a", 3, datetime(2026, 1, 1, tzinfo=UTC))
        await of_another.leave(mark)
        assert list(await marks.left()) == [mark]
        await marks.close()
        await of_another.close()


async def test_the_feed_follows(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is published on a demoted primary reaches nobody, and it keeps all its subscribers."""
    monkeypatch.setattr(subscriber, "REST_SECONDS", 0.05)
    monkeypatch.setattr(subscriber, "SILENCE_SECONDS", 0.3)
    monkeypatch.setattr(publisher, "REST_SECONDS", 0.05)
    got: list[Frame] = []
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(feed_client(pair.url)) for _ in range(2)]
        here, there = (RedisUpdateFeed(client) for client in clients)
        for feed in (here, there):
            await feed.open()
            stack.push_async_callback(feed.close)
        await stack.enter_async_context(here.subscribe("a", got.append))

        async def arrives() -> bool:
            got.clear()
            there.publish([a_frame("a")])
            try:
                await eventually(lambda: got, within=0.3)
            except AssertionError:
                return False
            return True

        await eventually(arrives)
        await pair.fail_over()
        async with pair.admin(0) as old:  # nor does it hear of what is published on the new one
            await old.replicaof("127.0.0.1", "1")
        await eventually(arrives)
        await eventually(pair.nobody_is_left)
        await here.ping()


@pytest.fixture
def processes(pair: Pair, postgres_url: str) -> Iterator[tuple[dict[str, str], list[EngineProcess]]]:
    with servers.empty_database(postgres_url) as database_url, ExitStack() as stack:
        settings = new_engine(database_url, pair.url)
        started = [stack.enter_context(running(role, settings=settings)) for role in ("api", "worker", "worker")]
        yield settings, started
        assert [each.process.poll() for each in started] == [None] * 3


async def test_workers_and_apis_go_on(pair: Pair, processes: tuple[dict[str, str], list[EngineProcess]]) -> None:
    settings, started = processes
    async with httpx.AsyncClient(base_url=started[0].url, timeout=10) as client:
        order_ids = await submit(client, 20)
        await pair.fail_over()
        order_ids += await submit(client, 20)

        async def well() -> bool:
            answers = [await client.get(f"{each.operations}/health/ready") for each in started]
            return all(answer.json()["checks"]["redis"] == "ok" for answer in answers)

        await eventually(well)
        order_ids += await submit(client, 20)
        orders = await all_final(client, order_ids)
        assert {order["status"] for order in orders} == {"confirmed"}

        async def all_left() -> bool:
            for each in started:  # who asks for counts finds out, too
                await client.get(f"{each.operations}/metrics")
            return await pair.nobody_is_left(OURS[:1])  # the old primary replicates what is published on the new one

        await eventually(all_left)
    stories_are_whole(settings)
