"""The Redis queue and its operations keep their contracts, and what operators see of it is true."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis
from redis.crc import key_slot

from adapters.redis import keys, leasing
from adapters.redis.clients import queue_client
from adapters.redis.order_queue import RedisOrderQueue
from adapters.redis.queue_operations import RedisQueueOperations
from application.ports.errors import LeaseLost
from application.ports.queue_operations import QueueCounts, QueueOperations
from tests.builders import an_id
from tests.contracts.order_queue import OrderQueueContract
from tests.contracts.order_queue_harness import LONG, OrderQueueHarness, bury, ids_of, take_one
from tests.contracts.queue_operations import QueueOperationsContract
from tests.eventually import eventually

KEYS = (keys.STREAM, keys.JOBS, keys.LEASES, keys.DELAYED, keys.BURIED, keys.PAUSED, keys.BELL, keys.CLOCK)


@pytest.fixture
async def client(redis_db_url: str) -> AsyncIterator[Redis]:
    async with queue_client(redis_db_url, connections=40) as client:
        yield client


@pytest.fixture
async def harness(client: Redis) -> AsyncIterator[OrderQueueHarness]:
    given: list[RedisOrderQueue] = []
    operations = RedisQueueOperations(client, chunk=2)

    async def holder(name: str, lease_seconds: float = LONG) -> RedisOrderQueue:
        queue = RedisOrderQueue(client, name, lease_seconds=lease_seconds, put_limit=2)
        await queue.open()
        given.append(queue)
        return queue

    async def close() -> None:
        for queue in given:
            await queue.close()
        await operations.close()

    async def pass_time(seconds: float) -> None:
        await asyncio.sleep(seconds)

    yield OrderQueueHarness(holder, operations, pass_time, close)
    await close()


@pytest.fixture
async def queue(harness: OrderQueueHarness) -> RedisOrderQueue:
    queue = await harness.holder("w1")
    assert isinstance(queue, RedisOrderQueue)
    return queue


@pytest.fixture
def operations(harness: OrderQueueHarness) -> QueueOperations:
    return harness.operations


class TestRedisOrderQueue(OrderQueueContract):
    @pytest.fixture
    def harness(self, harness: OrderQueueHarness) -> OrderQueueHarness:
        return harness


class TestRedisQueueOperations(QueueOperationsContract):
    @pytest.fixture
    def harness(self, harness: OrderQueueHarness) -> OrderQueueHarness:
        return harness


async def test_entries_hold_the_job_name_and_the_order_id_only(queue: RedisOrderQueue, client: Redis) -> None:
    await queue.put(["a"])
    entries = await client.xrange("order-execution") or []
    assert [fields for _, fields in entries] == [{"name": "execute", "orderId": "a"}]


async def test_operators_see_unfinished_jobs_and_their_holders(queue: RedisOrderQueue, client: Redis) -> None:
    await queue.put(["a", "b", "c"])
    a, b = await queue.take(2, 0)
    await queue.done(a)
    await queue.retry_in(b, 30)
    assert await client.xlen("order-execution") == 2
    pending = await client.xpending("order-execution", "workers")
    assert pending["consumers"] == [{"name": "w1", "pending": 1}]


async def test_nothing_is_left_of_10000_finished_jobs(
    queue: RedisOrderQueue, operations: QueueOperations, client: Redis
) -> None:
    before = (await client.info("memory"))["used_memory"]
    for _ in range(10):
        await queue.put([an_id() for _ in range(1000)])
        for lease in await queue.take(10, 0):
            await queue.retry_in(lease, 0)
        while leases := await queue.take(300, 0):
            await asyncio.gather(*(queue.done(lease) for lease in leases))
    assert await operations.counts() == QueueCounts(waiting=0, leased=0, delayed=0, buried=0)
    assert await client.xlen(keys.STREAM) == 0
    assert (await client.xpending(keys.STREAM, keys.GROUP))["pending"] == 0
    # An empty stream with its group, the bell with its one ring, the time of the last look at the clock.
    assert set(await client.keys("*")) == {keys.STREAM, keys.BELL, keys.CLOCK}
    assert await client.xlen(keys.BELL) == 1
    assert (await client.info("memory"))["used_memory"] - before < 1_000_000


def test_all_keys_share_one_slot_of_a_cluster() -> None:
    assert len({key_slot(key.encode()) for key in (*KEYS, keys.NOTHING)}) == 1


async def test_a_flush_in_mid_run_is_healed_by_putting_again(queue: RedisOrderQueue, client: Redis) -> None:
    await queue.put(["held"])
    held = await take_one(queue)
    taking = asyncio.create_task(queue.take(5, 30))
    await eventually(lambda: _blocked(client))
    await client.flushall()
    await queue.put(["held", "waits"])
    leases = [*(await taking), *(await queue.take(5, 0))]
    assert ids_of(leases) == ["held", "waits"]
    # The holder is the same, yet the lease from before the flush stays lost.
    assert leases[0].delivery > held.delivery
    with pytest.raises(LeaseLost):
        await queue.done(held)
    await queue.done(leases[0])


@pytest.mark.parametrize("lost", KEYS)
async def test_a_job_that_fell_out_of_one_key_is_healed_by_putting_again(
    queue: RedisOrderQueue, operations: QueueOperations, client: Redis, lost: str
) -> None:
    await queue.put(["leased", "retried", "buried", "waits"])
    _, retried, buried = await queue.take(3, 0)
    await bury(queue, buried)
    await queue.retry_in(retried, 30)
    await client.delete(lost)
    await queue.put(["leased", "retried", "buried", "waits"])

    found = ids_of(await queue.take(5, 0))
    for job in await operations.buried():
        await operations.revive(job.order_id)
    found.extend(ids_of(await queue.take(5, 0)))
    expected = {keys.LEASES: {"leased"}, keys.DELAYED: {"retried"}, keys.JOBS: {"leased", "retried"}}
    assert set(found) == {"waits", "buried"} | expected.get(lost, set())
    assert len(found) == len(set(found))


async def test_a_foreign_entry_harms_nothing(queue: RedisOrderQueue, client: Redis) -> None:
    await queue.put(["a"])
    await client.xadd(keys.STREAM, {"name": "execute", "orderId": "by hand"})
    await client.xadd(keys.STREAM, {"something": "else"})
    await client.xadd(keys.STREAM, {b"name": b"execute", b"orderId": b"\xff\xfe"})
    await client.xadd(keys.STREAM, {"name": "execute", "orderId": "a"})
    leases = await queue.take(10, 0)
    assert ids_of(leases) == ["a", "by hand", "\ufffd\ufffd"]
    await queue.done(leases[1])
    assert await client.xlen(keys.STREAM) == 2


async def test_consumers_of_workers_that_are_long_gone_are_forgotten(
    harness: OrderQueueHarness, client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leasing, "GONE_AFTER_MS", 5)
    gone, holds = await harness.holder("gone"), await harness.holder("holds")
    await gone.put(["a", "b"])
    await holds.take(1, 0)
    await gone.done(await take_one(gone))
    await asyncio.sleep(0.01)
    await (await harness.holder("new")).take(1, 0)
    consumers = await client.xinfo_consumers(keys.STREAM, keys.GROUP)
    assert "holds" in {consumer["name"] for consumer in consumers} <= {"holds", "new"}


async def _blocked(client: Redis) -> bool:
    return bool((await client.info("clients"))["blocked_clients"])
