"""The queue of jobs on a Redis stream."""

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import chain
from typing import TypeVar

from redis.asyncio import Redis

from adapters.batching import FLUSHES_APART, Batcher
from adapters.redis import keys
from adapters.redis.errors import translated
from adapters.redis.leasing import LIMIT_SECONDS, HandBack, Leasing, claim
from adapters.redis.own_connection import OwnConnection
from adapters.redis.script import LastLook, LookingScript, Script
from application import observe
from application.breaker import Breaker
from application.ports.errors import LeaseLost, Overloaded, QueueUnavailable
from application.ports.order_queue import Lease

Item = TypeVar("Item")

CHUNK = 1000


class RedisOrderQueue:
    """An `OrderQueue` for one holder: a name that no other living worker has.

    An order's entry stays in the stream `order-execution` until it is done or buried, so XLEN and XPENDING show what
    is going on. Delivery numbers rise even when the server lost everything in between. To put a chunk costs at most
    `put_limit` seconds, and nothing while the server was found away less than `cool_off` seconds ago; other calls take
    at most 2 s.
    """

    def __init__(
        self,
        client: Redis,
        holder: str,
        *,
        lease_seconds: float,
        most_deliveries: int = 10,
        put_limit: float = 0.2,
        cool_off: float = 0.5,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connection = connection = OwnConnection(client)
        looked = LastLook(monotonic)
        homes = (keys.LEASES, keys.DELAYED, keys.BURIED)
        self._lease_us = round(lease_seconds * 1_000_000)
        self._breaker = Breaker(cool_off)
        self._leasing = Leasing(connection, looked, holder, lease_seconds, most_deliveries)
        self._put = Script(connection, "put", keys.STREAM, keys.JOBS, *homes, limit=put_limit, after="rows")
        self._extend = LookingScript(
            connection, looked, "extend", keys.JOBS, keys.LEASES, keys.DELAYED, limit=LIMIT_SECONDS
        )
        self._done = Script(connection, "done", keys.STREAM, keys.JOBS, keys.LEASES, limit=LIMIT_SECONDS)
        hints = (keys.PAUSED, keys.BELL, keys.CLOCK)
        self._check = Script(connection, "check", keys.STREAM, keys.JOBS, *homes, *hints, limit=LIMIT_SECONDS)
        hand_back = HandBack(connection, looked, most_deliveries)
        self._puts = Batcher(self._flush_puts, most=CHUNK, bound=20_000, apart=FLUSHES_APART, kind="put")
        self._dones = Batcher(self._flush_dones, most=CHUNK, bound=20_000, apart=FLUSHES_APART, kind="done")
        self._retries = Batcher(hand_back, most=CHUNK, bound=20_000, apart=FLUSHES_APART, kind="retry")

    async def open(self) -> None:
        """Get ready for `put_soon`, `done` and `retry_in`; connects to nothing yet."""
        for batcher in (self._puts, self._dones, self._retries):
            batcher.open()

    async def close(self) -> None:
        """Send what waits, then take no more `put_soon`, `done` and `retry_in`. Idempotent; the client stays open."""
        for batcher in (self._puts, self._dones, self._retries):
            await batcher.close()
        await self._connection.close()

    async def ping(self, *, takes: bool = True) -> None:
        """Return when the server can do the queue's work; changes nothing. Raises QueueUnavailable.

        Who only puts jobs, and `takes` none, needs fewer permissions.
        """
        await self._check((keys.GROUP, "takes" if takes else "puts"))

    async def put(self, order_ids: Collection[str]) -> int:
        new = 0
        for part in _chunks(order_ids):
            if not self._breaker.lets_through():
                raise QueueUnavailable("the queue could not be reached a moment ago")
            try:
                new += await self._put((*part, keys.GROUP))
            except QueueUnavailable:
                self._breaker.failed()
                raise
            self._breaker.succeeded()
        return new

    def put_soon(self, order_id: str) -> None:
        try:
            self._puts.submit(order_id)
        except Overloaded as error:
            observe.orders_not_queued(1, error)

    async def take(self, most: int, wait_seconds: float) -> Sequence[Lease]:
        return await self._leasing.take(most, wait_seconds)

    async def extend(self, leases: Collection[Lease]) -> Collection[Lease]:
        lost: list[Lease] = []
        for part in _chunks(leases):
            held = await self._extend((self._lease_us, *_claims(part)))
            lost += (lease for lease, yes in zip(part, held, strict=True) if not yes)
        return lost

    async def done(self, lease: Lease) -> None:
        with translated():
            held = await self._dones.submit(lease)
        _require(held, lease)

    async def retry_in(self, lease: Lease, seconds: float, *, failure: str | None = None) -> None:
        with translated():
            held = await self._retries.submit((lease, seconds, failure))
        _require(held, lease)

    async def _flush_puts(self, order_ids: Sequence[str]) -> Sequence[None]:
        try:
            await self.put(order_ids)
        except Exception as error:  # nobody awaits these results: it is reported here or nowhere
            observe.orders_not_queued(len(order_ids), error)
        return [None] * len(order_ids)

    async def _flush_dones(self, batch: Sequence[Lease]) -> Sequence[int]:
        held: Sequence[int] = await self._done((keys.GROUP, *_claims(batch)))
        return held


def _chunks(items: Collection[Item]) -> Iterator[list[Item]]:
    listed = list(items)
    return (listed[start : start + CHUNK] for start in range(0, len(listed), CHUNK))


def _claims(leases: Sequence[Lease]) -> list[str]:
    return list(chain.from_iterable((lease.order_id, claim(lease)) for lease in leases))


def _require(held: bool | int, lease: Lease) -> None:
    if not held:
        raise LeaseLost(f"order {lease.order_id} is no longer held as delivery {lease.delivery}")
