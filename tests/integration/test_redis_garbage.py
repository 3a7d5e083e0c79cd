"""Whatever stands in the queue's keys harms at most its own order: all others are put, taken, retried and finished."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import Any

import pytest
from attrs import frozen
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from adapters.redis import keys
from adapters.redis.clients import queue_client
from adapters.redis.order_queue import RedisOrderQueue
from adapters.redis.queue_operations import RedisQueueOperations
from application.ports.errors import LeaseLost, QueueUnavailable
from application.ports.order_queue import Lease
from application.ports.queue_operations import JobPlace
from tests.contracts.order_queue_harness import bury, ids_of, take_one

FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
LEASE_SECONDS = 1000.0
HEALTHY = ("h1", "h2", "h3", "h4")
GARBLED = ("g1", "g2", "g3")
STRANGERS = ("", "stranger", "\udcff\udcfe")

Harm = Callable[[Redis], Awaitable[object]]

ROWS = [
    "", " ", "w", "x 0 1-1 0 ", "w 0 nonsense 0 ", "w 0 99999999999999999999999-1 0 ", "w 0 1-1 0 ", "w -1 1-1 0 ",
    "l 1 1-1 99999999999999999999999999 w1", "l 1 1-1 9999999999999999 w1", "l 999999999999 1-1 1 w1", "l 1 1-1 1 w9",
    "l 1 nonsense 1 w9", "d 1 1-1 1 ", "d 1 1-1 1 nonsense", "d 1 1-1 1 1e400", f"d {'9' * 400} 1-1 1 ", "b",
    "b x - 0 why", "d 1 - 1 ", "l 1 - 1 w1", "w 0 - 0 ", f"w 0 1-1 {'9' * 400} ", "nan inf -inf nil", "\udcff\udcfe",
    "w 0 1-1 0 \n l 1 1-1 1 w1",
]  # fmt: skip
PARTS = [
    "x", "w", "l", "d", "b", "-", "", "1-1", "0-0", f"{'9' * 30}-1", "nonsense", "0", "9" * 5, "9" * 16, "9" * 400,
    "1e400",
]  # fmt: skip
SCORES = [float("inf"), float("-inf"), 1e300, -1e300, 0.0, -1.0, 4e15]
ENTRIES: list[dict[str, str]] = [
    {"something": "else"},
    {"orderId": "g1", "name": "execute"},
    {"name": "execute"},
    {"name": "execute", "orderId": ""},
    {"name": "execute", "orderId": "g1"},
    {"name": "execute", "orderId": "h1"},
    {"name": "execute", "orderId": "stranger"},
    {"name": "execute", "orderId": "g2", "more": "fields"},
    {"": ""},
]


def raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def row(order_id: str, text: str) -> Harm:
    return lambda client: client.hset(keys.JOBS, raw(order_id), raw(text))


def part_of_row(order_id: str, part: int, text: str) -> Harm:
    """Change the place, the count, the entry or the delivery of a row, and leave the rest as it was."""

    async def harm(client: Redis) -> None:
        parts = str(await client.hget(keys.JOBS, order_id)).split(" ", 4)
        parts[part : part + 1] = [text]
        await client.hset(keys.JOBS, order_id, raw(" ".join(parts)))

    return harm


def member(home: str, order_id: str, score: float) -> Harm:
    return lambda client: client.zadd(home, {raw(order_id): score})


def entry(fields: Mapping[str, str]) -> Harm:
    return lambda client: client.xadd(keys.STREAM, dict(fields))  # type: ignore[arg-type]


def in_place_of(key: str, value: str) -> Harm:
    async def harm(client: Redis) -> None:
        await client.delete(key)
        await client.rpush(key, value)

    return harm


async def read_past(client: Redis) -> None:
    """Somebody reads the stream for the group by hand, and lets what it got lie."""
    with suppress(Exception):
        await client.xgroup_create(keys.STREAM, keys.GROUP, "0", mkstream=True)
    await client.xreadgroup(keys.GROUP, "by hand", {keys.STREAM: ">"})


OTHERS = st.sampled_from([*GARBLED, *STRANGERS])
GARBAGE = st.one_of(
    st.builds(row, OTHERS, st.sampled_from(ROWS) | st.text(max_size=20)),
    st.builds(part_of_row, st.sampled_from(GARBLED), st.integers(0, 3), st.sampled_from(PARTS)),
    st.builds(part_of_row, st.sampled_from(GARBLED), st.integers(0, 3), st.sampled_from(PARTS)),
    st.builds(member, st.sampled_from([keys.LEASES, keys.DELAYED, keys.BURIED]), OTHERS, st.sampled_from(SCORES)),
    st.builds(entry, st.sampled_from(ENTRIES)),
    st.builds(in_place_of, st.sampled_from([keys.BELL, keys.CLOCK]), st.text(max_size=3)),
)
PLACES = st.sampled_from(["waiting", "leased", "delayed", "buried"])


@frozen
class Bench:
    """A queue with one job in each place that an example asks for, and garbage among them."""

    client: Redis
    queue: RedisOrderQueue
    operations: RedisQueueOperations

    async def place(self, places: Mapping[str, str]) -> list[Lease]:
        """Bring jobs to their places; return the leases of those that are in hand."""
        held = []
        for order_id, place in sorted(places.items(), key=lambda item: item[1] == "waiting"):
            await self.queue.put([order_id])
            if place == "waiting":
                continue
            lease = await take_one(self.queue)
            if place == "buried":
                await bury(self.queue, lease)
            elif place == "delayed":
                await self.queue.retry_in(lease, 500)
            else:
                held.append(lease)
        return held

    async def pass_time(self) -> None:
        """Have every lease and every delay end."""
        for home in (keys.LEASES, keys.DELAYED):
            for order_id in await self.client.zrangebyscore(home, "-inf", 1e17):
                await self.client.zincrby(home, -LEASE_SECONDS * 1_100_000, str(order_id))

    async def run_all(self, order_ids: Sequence[str]) -> set[str]:
        """Sweep and work until nothing comes any more; return what was finished."""
        finished = set()
        for _ in range(3):
            await self.queue.put([order_id for order_id in order_ids if order_id not in finished])
            await self.pass_time()
            while leases := await self.queue.take(50, 0):
                endings = await asyncio.gather(*map(self.queue.done, leases), return_exceptions=True)
                for lease, ending in zip(leases, endings, strict=True):
                    assert ending is None or (lease.order_id not in HEALTHY and isinstance(ending, LeaseLost))
                    finished.add(lease.order_id)
        return finished


def with_bench(url: str, story: Callable[[Bench], Coroutine[Any, Any, None]]) -> None:
    async def run() -> None:
        async with queue_client(url) as client:
            await client.flushdb()
            queue = RedisOrderQueue(client, "w1", lease_seconds=LEASE_SECONDS, put_limit=2)
            operations = RedisQueueOperations(client)
            await queue.open()
            try:
                await story(Bench(client, queue, operations))
            finally:
                await queue.close()
                await operations.close()

    asyncio.run(run())


@pytest.mark.timeout(300)  # for a failure: finding the shortest story of it takes a while
def test_garbage_harms_its_own_order_only(redis_db_url: str) -> None:
    @FEW
    @given(
        places=st.fixed_dictionaries(dict.fromkeys([*HEALTHY, *GARBLED], PLACES)),
        garbage=st.lists(GARBAGE, min_size=1, max_size=8),
    )
    @example(places=dict.fromkeys([*HEALTHY, *GARBLED], "waiting"), garbage=[row("g1", text) for text in ROWS])
    @example(places=dict.fromkeys([*HEALTHY, *GARBLED], "leased"), garbage=[row("g1", ROWS[4]), row("g2", ROWS[10])])
    @example(places=dict.fromkeys([*HEALTHY, *GARBLED], "waiting"), garbage=[read_past])
    @example(places=dict.fromkeys([*HEALTHY, *GARBLED], "delayed"), garbage=[member(keys.DELAYED, "g1", math.inf)])
    @example(places=dict.fromkeys([*HEALTHY, *GARBLED], "delayed"), garbage=[part_of_row("g1", 3, "9" * 400)])
    @example(places=dict.fromkeys([*HEALTHY, *GARBLED], "waiting"), garbage=[part_of_row("g1", 1, "9" * 400)])
    def check(places: dict[str, str], garbage: list[Harm]) -> None:
        with_bench(redis_db_url, lambda bench: others_go_on(bench, places, garbage))

    check()


async def others_go_on(bench: Bench, places: dict[str, str], garbage: list[Harm]) -> None:
    held = await bench.place(places)
    for harm in garbage:
        await harm(bench.client)
    everything = [*HEALTHY, *GARBLED]
    await bench.queue.ping()
    await bench.queue.put(everything)
    await bench.operations.counts()
    await bench.operations.buried()
    for order_id in everything:
        await bench.operations.find(order_id)

    lost = await bench.queue.extend(held)
    assert not {lease.order_id for lease in lost} & set(HEALTHY)
    outcomes = await asyncio.gather(*(bench.queue.retry_in(lease, 0) for lease in held), return_exceptions=True)
    for lease, outcome in zip(held, outcomes, strict=True):
        assert outcome is None or (lease.order_id in GARBLED and isinstance(outcome, LeaseLost))

    finished = await bench.run_all(everything)
    for order_id, place in places.items():
        if place == "buried" and order_id in HEALTHY:
            assert await bench.operations.revive(order_id)
        elif order_id not in finished:
            # What the garbage made a dead letter of can be seen, and decided on.
            job = await bench.operations.find(order_id)
            assert order_id in GARBLED and job and job.place is JobPlace.BURIED  # noqa: PT018
            assert await bench.operations.revive(order_id)
    assert await bench.run_all(everything) >= set(everything) - finished


async def test_a_full_batch_is_finished_though_one_row_of_it_is_garbage(redis_db_url: str) -> None:
    async with queue_client(redis_db_url) as client:
        queue = RedisOrderQueue(client, "w1", lease_seconds=60, put_limit=2)
        await queue.open()
        await queue.put([f"{n}" for n in range(1000)])
        leases = await queue.take(1000, 0)
        bad = leases[500]
        await client.hset(keys.JOBS, bad.order_id, f"l 1 99999999999999999999999-1 {bad.delivery} w1")
        await asyncio.gather(*(queue.done(lease) for lease in leases))
        assert await client.hlen(keys.JOBS) == 0
        assert await client.zcard(keys.LEASES) == 0
        assert await client.xlen(keys.STREAM) == 1
        await queue.close()


@pytest.mark.parametrize("key", keys.TYPES)
async def test_a_key_of_another_type_is_named_with_the_remedy_and_its_end_heals_all(
    redis_db_url: str, key: str
) -> None:
    async with queue_client(redis_db_url) as client:
        queue = RedisOrderQueue(client, "w1", lease_seconds=60, put_limit=2, cool_off=0)
        await queue.open()
        everything = [f"{n}" for n in range(20)]
        await queue.put(everything)
        await queue.retry_in(await take_one(queue), 0)
        await client.delete(key)
        await client.set(key, "somebody else's")
        for _ in range(3):
            with pytest.raises(QueueUnavailable, match=key) as caught:
                await queue.ping()
            assert "delete" in str(caught.value)
            if key != keys.BURIED:  # which is needed only to bury
                with pytest.raises(QueueUnavailable, match=key):
                    await queue.take(30, 0)
            with suppress(QueueUnavailable):
                await queue.put(everything)
        await client.delete(key)
        await queue.ping()
        await queue.put(everything)
        assert sorted(ids_of(await queue.take(30, 0))) == sorted(everything)
        await queue.close()


@pytest.mark.parametrize("key", [keys.BELL, keys.PAUSED, keys.CLOCK])
async def test_what_stands_in_the_place_of_a_hint_is_overwritten(redis_db_url: str, key: str) -> None:
    async with queue_client(redis_db_url) as client:
        queue, operations = RedisOrderQueue(client, "w1", lease_seconds=60), RedisQueueOperations(client)
        await queue.open()
        await queue.put(["a"])
        for call in (lambda: queue.take(1, 0.01), operations.resume, lambda: queue.take(1, 0.01), operations.pause):
            await client.delete(key)
            await client.sadd(key, "somebody else's")
            await call()
            await queue.ping()
        await operations.resume()
        await client.delete(key)
        await client.sadd(key, "somebody else's")
        await operations.resume()
        for lease in await queue.take(1, 0):
            await queue.retry_in(lease, 0)
        assert (await operations.find("a")) is not None
        await queue.close()
        await operations.close()


async def test_a_job_behind_many_entries_that_are_none_is_taken_at_once(redis_db_url: str) -> None:
    async with queue_client(redis_db_url) as client:
        queue = RedisOrderQueue(client, "w1", lease_seconds=60, put_limit=2)
        await queue.open()
        await queue.put(["first"])
        await queue.done(await take_one(queue))
        async with client.pipeline(transaction=False) as pipeline:
            for n in range(3_000):
                pipeline.xadd(keys.STREAM, ENTRIES[n % 4])  # type: ignore[arg-type]
            await pipeline.execute()
        await queue.put(["last"])
        async with asyncio.timeout(4):  # less than a look at everything again would take
            while not await queue.take(10, 10):
                pass
        await queue.close()


@pytest.mark.parametrize("place", ["stream", "lease"])
async def test_an_id_that_no_order_can_have_reaches_no_worker(redis_db_url: str, place: str) -> None:
    long = "x" * 1_000_000
    async with queue_client(redis_db_url) as client:
        queue = RedisOrderQueue(client, "w1", lease_seconds=60, put_limit=2)
        operations = RedisQueueOperations(client)
        await queue.open()
        if place == "stream":
            await client.xadd(keys.STREAM, {"name": "execute", "orderId": long})
        else:
            await client.hset(keys.JOBS, long, "l 99 1-1 1 w9")
            await client.zadd(keys.LEASES, {long: 1})
        await client.hset(keys.JOBS, "buried", "b 1 - 1 " + long)
        await client.zadd(keys.BURIED, {"buried": 1})
        await queue.put(["a"])
        assert ids_of(await queue.take(10, 0)) == ["a"]
        assert [len(str(job.why)) for job in await operations.buried()] == [1000]
        assert not await client.hexists(keys.JOBS, long)
        await queue.close()
        await operations.close()
