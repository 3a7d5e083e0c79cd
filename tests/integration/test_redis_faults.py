"""What the Redis adapters do when their server dies, hangs, forgets, or refuses."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from adapters.redis.clients import queue_client
from adapters.redis.order_queue import RedisOrderQueue
from adapters.redis.queue_operations import RedisQueueOperations
from application.observe import metrics
from application.ports.errors import QueueUnavailable
from application.ports.order_queue import OrderQueue
from entrypoints.dev.servers import LocalRedis
from tests.contracts.order_queue_harness import ids_of, take_one
from tests.eventually import eventually

COOL_OFF = 0.2
# The limit on a put, and what a busy machine may add to it.
PUT_SECONDS = 0.2 + 0.3


@pytest.fixture
def server(server_dir: Path) -> Iterator[LocalRedis]:
    with LocalRedis(server_dir / "redis", options={"appendfsync": "no"}) as server:
        yield server
        server.resume()


@pytest.fixture
async def client(server: LocalRedis) -> AsyncIterator[Redis]:
    client = queue_client(server.url)
    yield client
    await client.aclose()


@pytest.fixture
async def queue(client: Redis) -> AsyncIterator[RedisOrderQueue]:
    queue = RedisOrderQueue(client, "w1", lease_seconds=60, cool_off=COOL_OFF)
    await queue.open()
    yield queue
    await queue.close()


@pytest.fixture
async def operations(client: Redis) -> AsyncIterator[RedisQueueOperations]:
    operations = RedisQueueOperations(client)
    yield operations
    await operations.close()


async def fails(queue: OrderQueue, order_id: str = "lost") -> float:
    """Put a job, which must fail; return how many seconds that took."""
    start = time.monotonic()
    with pytest.raises(QueueUnavailable) as caught:
        await queue.put([order_id])
    assert "127.0.0.1" not in str(caught.value)
    return time.monotonic() - start


async def works(queue: OrderQueue) -> bool:
    try:
        await queue.put(["probe"])
    except QueueUnavailable:
        return False
    return True


async def test_a_hanging_server_costs_a_put_its_limit_and_the_next_ones_nothing(
    server: LocalRedis, queue: RedisOrderQueue
) -> None:
    await queue.put(["before"])
    server.pause()
    waits = await asyncio.gather(*(fails(queue, f"{n}") for n in range(50)))
    assert max(waits) < PUT_SECONDS
    assert sum([await fails(queue) for _ in range(50)]) < COOL_OFF
    server.resume()
    await eventually(lambda: works(queue))
    assert "before" in ids_of(await queue.take(100, 0))


async def test_while_the_server_hangs_one_put_each_while_tries_it(server: LocalRedis, queue: RedisOrderQueue) -> None:
    await queue.put(["before"])
    server.pause()
    await fails(queue)
    for _ in range(2):
        await asyncio.sleep(COOL_OFF)
        waits = await asyncio.gather(*(fails(queue) for _ in range(20)))
        assert sum(wait > 0.1 for wait in waits) == 1


async def test_every_call_on_a_hanging_server_ends(
    server: LocalRedis, queue: RedisOrderQueue, operations: RedisQueueOperations
) -> None:
    await queue.put(["a", "b"])
    lease, _ = await queue.take(2, 0)
    server.pause()
    start = time.monotonic()
    calls = (
        queue.take(1, 0),
        queue.extend([lease]),
        queue.done(lease),
        queue.retry_in(lease, 0),
        queue.ping(),
        operations.counts(),
        operations.find("a"),
        operations.buried(),
        operations.revive("a"),
        operations.forget("a"),
        operations.pause(),
        operations.resume(),
    )
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [QueueUnavailable] * len(calls)
    assert time.monotonic() - start < 4


async def test_an_operators_call_that_was_given_up_leaves_the_jobs_their_connection(
    server: LocalRedis, client: Redis, queue: RedisOrderQueue, operations: RedisQueueOperations
) -> None:
    await queue.put(["a"])
    first = min(await _connections(client))
    await operations.counts()
    server.pause()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await operations.counts()
    server.resume()
    await queue.put(["b"])
    assert first in await _connections(client)


async def test_a_waiting_take_on_a_server_that_begins_to_hang_ends(
    server: LocalRedis, client: Redis, queue: RedisOrderQueue
) -> None:
    taking = asyncio.create_task(queue.take(1, 0.5))
    await eventually(lambda: _blocked(client))
    server.pause()
    with pytest.raises(QueueUnavailable):
        await taking


async def test_a_server_that_is_gone_fails_calls_at_once(server: LocalRedis, queue: RedisOrderQueue) -> None:
    await queue.put(["a"])
    lease = await take_one(queue)
    server.kill()
    start = time.monotonic()
    for call in (queue.take(1, 30), queue.done(lease), queue.extend([lease]), queue.ping(), queue.put(["b"])):
        with pytest.raises(QueueUnavailable):
            await call
    assert time.monotonic() - start < 1


async def test_a_waiting_take_fails_when_its_server_dies(
    server: LocalRedis, client: Redis, queue: RedisOrderQueue
) -> None:
    taking = asyncio.create_task(queue.take(1, 30))
    await eventually(lambda: _blocked(client))
    server.kill()
    with pytest.raises(QueueUnavailable):
        await taking


async def test_jobs_and_leases_outlive_a_restart_that_forgets_all_scripts(
    server: LocalRedis, queue: RedisOrderQueue
) -> None:
    await queue.put(["held", "waits"])
    held = await take_one(queue)
    await asyncio.to_thread(server.stop)
    await asyncio.to_thread(server.start)
    await queue.done(held)
    assert ids_of(await queue.take(5, 0)) == ["waits"]
    await eventually(lambda: works(queue))


async def test_connections_that_are_cut_are_replaced(server: LocalRedis, client: Redis, queue: RedisOrderQueue) -> None:
    taking = asyncio.create_task(queue.take(1, 30))
    await eventually(lambda: _blocked(client))
    await client.client_kill_filter(_type="normal", skipme=True)
    with pytest.raises(QueueUnavailable):
        await taking
    await queue.put(["a"])
    assert ids_of(await queue.take(1, 0)) == ["a"]


async def test_a_server_out_of_memory_refuses_jobs_whole_and_lets_them_finish(
    client: Redis, queue: RedisOrderQueue
) -> None:
    await queue.put(["a", "b"])
    lease = await take_one(queue)
    await client.config_set("maxmemory", "1")
    await fails(queue, "c")
    await queue.done(lease)
    await client.config_set("maxmemory", "0")
    await eventually(lambda: works(queue))
    assert ids_of(await queue.take(5, 0)) == ["b", "probe"]


async def test_a_read_only_server_refuses_whole(client: Redis, queue: RedisOrderQueue) -> None:
    await queue.put(["a"])
    await client.replicaof("127.0.0.1", "1")
    await fails(queue)
    with pytest.raises(QueueUnavailable):
        await queue.take(1, 0)
    await client.replicaof("NO", "ONE")
    assert ids_of(await queue.take(5, 0)) == ["a"]


async def test_what_could_not_be_put_soon_is_counted_and_logged_once(
    server: LocalRedis,
    queue: RedisOrderQueue,
    operations: RedisQueueOperations,
    caplog: pytest.LogCaptureFixture,
) -> None:
    server.kill()
    before = not_queued()
    for number in range(50):
        queue.put_soon(f"{number}")
    await eventually(lambda: not_queued() == before + 50)
    server.start()
    await eventually(lambda: works(queue))
    queue.put_soon("after")
    await eventually(lambda: operations.find("after"))
    assert not_queued() == before + 50
    [line] = [record.__dict__ for record in caplog.records if record.message == "order_not_queued"]
    assert 1 <= line["orders"] <= 50
    assert "sweep" in line["then"]


async def test_a_queue_that_is_not_open_puts_nothing_soon(client: Redis, queue: RedisOrderQueue) -> None:
    unopened, before = RedisOrderQueue(client, "w1", lease_seconds=60), not_queued()
    unopened.put_soon("early")
    await unopened.open()
    await unopened.close()
    unopened.put_soon("late")
    assert not_queued() == before + 2
    await queue.put(["a"])
    lease = await take_one(queue)
    assert lease.order_id == "a"
    with pytest.raises(QueueUnavailable):
        await unopened.done(lease)


def not_queued() -> float:
    """How many orders this process could not put soon."""
    counter = metrics.ORDERS_NOT_QUEUED
    return counter.cells[counter.at]


async def _connections(client: Redis) -> set[int]:
    return {int(connection["id"]) for connection in await client.client_list()}


async def _blocked(client: Redis) -> bool:
    return bool((await client.info("clients"))["blocked_clients"])
