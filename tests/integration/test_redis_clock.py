"""Redis' clock is set, or a server with another clock takes over: leases and delays have left what they had."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from attrs import frozen
from redis.asyncio import Redis

from adapters.redis import keys
from adapters.redis.clients import queue_client
from adapters.redis.order_queue import RedisOrderQueue
from adapters.redis.queue_operations import RedisQueueOperations
from application.ports.order_queue import Lease
from application.ports.queue_operations import JobPlace, QueueCounts
from tests.clock import ManualClock
from tests.contracts.order_queue_harness import bury, ids_of, ids_of_buried, take_one

LEASE_SECONDS = 100.0
HOUR = 3600.0
STEPS = [-HOUR, -90.0, -7.0, 7.0, 90.0, HOUR, -10 * 365 * 24 * HOUR, 10 * 365 * 24 * HOUR]
EVERY_STEP = pytest.mark.parametrize("step", STEPS)


@frozen
class Setting:
    """A worker and its neighbour; `pass_time` and `step` are what the server's clock tells of them."""

    queue: RedisOrderQueue
    other: RedisOrderQueue
    operations: RedisQueueOperations
    client: Redis
    clock: ManualClock

    async def step(self, seconds: float) -> None:
        """Set the clock. A test cannot: all that its server remembers of time moves the other way instead."""
        for home in (keys.LEASES, keys.DELAYED, keys.BURIED):
            for order_id in await self.client.zrange(home, 0, -1):
                await self.client.zincrby(home, -seconds * 1_000_000, str(order_id))
        seen = await self.client.get(keys.CLOCK)
        if seen:
            await self.client.set(keys.CLOCK, f"seen {int(str(seen).split()[1]) - round(seconds * 1_000_000)}")

    async def pass_time(self, seconds: float) -> None:
        """Let time pass, while both look at the queue each second, as workers with a free slot do."""
        while seconds > 0:
            some = min(seconds, 1.0)
            await self.clock.advance(some)
            await self.step(some)
            await self.other.extend([])
            await self.queue.extend([])
            seconds -= some


@pytest.fixture
async def setting(redis_db_url: str) -> AsyncIterator[Setting]:
    clock = ManualClock()
    async with queue_client(redis_db_url) as client:
        queue, other = (
            RedisOrderQueue(client, name, lease_seconds=LEASE_SECONDS, put_limit=2, monotonic=clock.monotonic)
            for name in ("w1", "w2")
        )
        operations = RedisQueueOperations(client)
        for each in (queue, other):
            await each.open()
            await each.take(1, 0)
        yield Setting(queue, other, operations, client, clock)
        for each in (queue, other):
            await each.close()
        await operations.close()


@EVERY_STEP
async def test_a_lease_and_a_delay_have_left_what_they_had(setting: Setting, step: float) -> None:
    await setting.queue.put(["retried", "held"])
    await setting.queue.retry_in(await take_one(setting.queue), 3)
    held = await take_one(setting.queue)
    await setting.step(step)
    assert list(await setting.other.take(5, 0)) == []
    await setting.pass_time(3.1)
    assert ids_of(await setting.other.take(5, 0)) == ["retried"]
    await setting.pass_time(LEASE_SECONDS - 10)
    assert list(await setting.other.take(5, 0)) == []
    assert list(await setting.queue.extend([held])) == []
    await setting.pass_time(LEASE_SECONDS - 1)
    assert ids_of(await setting.other.take(5, 0)) == ["retried"]
    await setting.pass_time(2)
    assert ids_of(await setting.other.take(5, 0)) == ["held"]


CALLS: dict[str, Callable[[Setting, Lease], Awaitable[object]]] = {
    "take": lambda setting, lease: setting.other.take(1, 0),
    "extend": lambda setting, lease: setting.queue.extend([lease]),
    "retry_in": lambda setting, lease: setting.queue.retry_in(lease, 0),
}


@EVERY_STEP
@pytest.mark.parametrize("call", CALLS)
async def test_whoever_calls_first_sets_all_of_it_right(setting: Setting, step: float, call: str) -> None:
    await setting.queue.put(["a", "held", "late", "soon"])
    a, _, late, soon = await setting.queue.take(4, 0)
    await setting.queue.retry_in(late, 40)
    await setting.queue.retry_in(soon, 20)
    await setting.step(step)
    await CALLS[call](setting, a)
    for order_id, left in {"held": LEASE_SECONDS, "late": 40.0, "soon": 20.0}.items():
        job = await setting.operations.find(order_id)
        assert job is not None
        assert job.seconds == pytest.approx(left, abs=3)


async def test_however_often_it_is_set_nothing_is_buried_and_no_lease_is_lost(setting: Setting) -> None:
    await setting.queue.put(["a"])
    lease = await take_one(setting.queue)
    for step in STEPS * 3:
        await setting.step(step)
        assert list(await setting.other.take(1, 0)) == []
        assert list(await setting.queue.extend([lease])) == []
    await setting.queue.done(lease)
    assert await setting.operations.buried() == []


async def test_a_clock_that_goes_on_while_nobody_looks_is_believed(setting: Setting) -> None:
    """Workers that start when all were away take over at once: they cannot know better, and need not wait."""
    await setting.queue.put(["held"])
    await take_one(setting.queue)
    await setting.step(HOUR)
    late = RedisOrderQueue(setting.client, "late", lease_seconds=LEASE_SECONDS)
    await late.open()
    assert ids_of(await late.take(1, 0)) == ["held"]
    await late.close()
    await setting.clock.advance(HOUR)
    await setting.step(HOUR)
    assert ids_of(await setting.other.take(1, 0)) == ["held"]


async def test_operators_see_what_is_left_before_anybody_else_looked(setting: Setting) -> None:
    await setting.queue.put(["retried", "held"])
    await setting.queue.retry_in(await take_one(setting.queue), 30)
    await take_one(setting.queue)
    await setting.step(-HOUR)
    for order_id, place, most in (("retried", JobPlace.DELAYED, 30.0), ("held", JobPlace.LEASED, LEASE_SECONDS)):
        job = await setting.operations.find(order_id)
        assert job is not None
        assert job.place is place
        assert job.seconds == pytest.approx(most, abs=3)
    assert await setting.operations.counts() == QueueCounts(waiting=0, leased=1, delayed=1, buried=0)


async def test_dead_letters_keep_their_order(setting: Setting) -> None:
    for order_id in ("first", "second", "third"):
        await setting.queue.put([order_id])
        await bury(setting.queue, await take_one(setting.queue))
        await setting.step(-HOUR)
    assert ids_of_buried(await setting.operations.buried()) == ["first", "second", "third"]


async def test_the_sweep_heals_what_was_written_by_a_clock_far_ahead(setting: Setting) -> None:
    """Nobody saw the step: the key that tells of it is gone, or only a release before was at work."""
    await setting.queue.put(["retried", "held"])
    await setting.queue.retry_in(await take_one(setting.queue), 30)
    await take_one(setting.queue)
    await setting.step(-2 * HOUR)
    await setting.client.delete(keys.CLOCK)
    assert list(await setting.other.take(5, 0)) == []
    await setting.other.put(["retried", "held"])
    assert sorted(ids_of(await setting.other.take(5, 0))) == ["held", "retried"]


@pytest.mark.parametrize(
    "garbage", ["", "nonsense", "inf", "-1", "seen nan", "seen inf", "seen -5", "99999999999999999"]
)
async def test_a_last_look_that_nobody_wrote_moves_nothing(setting: Setting, garbage: str) -> None:
    await setting.queue.put(["retried", "held"])
    await setting.queue.retry_in(await take_one(setting.queue), 30)
    held = await take_one(setting.queue)
    await setting.client.set(keys.CLOCK, garbage)
    assert list(await setting.other.take(5, 0)) == []
    await setting.client.delete(keys.CLOCK)
    await setting.client.rpush(keys.CLOCK, "a list")
    assert await setting.operations.counts() == QueueCounts(waiting=0, leased=1, delayed=1, buried=0)
    assert list(await setting.queue.extend([held])) == []
    assert str(await setting.client.get(keys.CLOCK)).startswith("seen ")


async def test_a_step_with_many_jobs_is_set_right_in_one_call(setting: Setting) -> None:
    ids = [f"{n}" for n in range(5000)]
    await setting.queue.put(ids)
    taken: list[Lease] = []
    while leases := await setting.queue.take(1000, 0):
        taken += leases
    pipeline = setting.client.pipeline(transaction=False)
    for order_id in ids:
        pipeline.zincrby(keys.LEASES, HOUR * 1_000_000, order_id)
    await pipeline.execute()
    seen = str(await setting.client.get(keys.CLOCK)).split()[1]
    await setting.client.set(keys.CLOCK, f"seen {int(seen) + round(HOUR * 1_000_000)}")
    assert list(await setting.other.take(5, 0)) == []
    now = await setting.client.time()
    latest = (now[0] + LEASE_SECONDS + HOUR / 2) * 1_000_000  # what passed meanwhile counts as a part of the step
    assert await setting.client.zcount(keys.LEASES, "-inf", latest) == len(ids)
    assert list(await setting.queue.extend(taken)) == []
