"""The orders that wait or are worked on: made in advance, watched, and kept from growing."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

from adapters.postgres.order_store import PostgresOrderStore
from adapters.redis import keys
from adapters.redis.clients import queue_client
from adapters.redis.order_queue import RedisOrderQueue
from adapters.redis.queue_operations import RedisQueueOperations
from benchmarks.load import USERS
from benchmarks.rig import Rig
from domain.order import Order
from domain.order_request import OrderRequest
from entrypoints.lifecycle import Closing, opened
from entrypoints.system import RandomIds

_CHUNK = 1000
_POLL_SECONDS = 0.005
_LOOK_SECONDS = 0.2


async def backlog(rig: Rig) -> int:
    """Return how many jobs are not done."""
    return int(await rig.redis.hlen(keys.JOBS))


@asynccontextmanager
async def queued_orders(rig: Rig, count: int, most_amount: int = 1000) -> AsyncIterator[None]:
    """Store and queue so many orders, as an API would, of up to `most_amount`; no worker gets one before the block."""
    client = queue_client(rig.redis_url)
    store, queue = PostgresOrderStore(rig.postgres_url), RedisOrderQueue(client, "benchmark", lease_seconds=60)
    operations, ids = RedisQueueOperations(client), RandomIds()
    async with client, opened(store, queue, Closing(operations.close)):
        await operations.pause()
        for start in range(0, count, _CHUNK):
            orders = [_order(ids.new(), n, most_amount) for n in range(start, min(start + _CHUNK, count))]
            await asyncio.gather(*(store.add(order) for order in orders))
            await queue.put([order.order_id for order in orders])
        await operations.resume()
        yield


async def done(rig: Rig, within: float) -> None:
    """Return when no job is left. Raises TimeoutError after `within` seconds."""
    async with asyncio.timeout(within):
        while True:
            if not await backlog(rig):
                return
            await asyncio.sleep(_POLL_SECONDS)


async def all_final(rig: Rig, within: float) -> None:
    """Return when no order is open, which takes longer than `done` if some could not be queued and wait for the sweep.

    Raises TimeoutError after `within` seconds.
    """
    async with asyncio.timeout(within):
        while True:
            if not await rig.sql("SELECT 1 FROM orders WHERE finished_at IS NULL LIMIT 1"):
                return
            await asyncio.sleep(_LOOK_SECONDS)


@asynccontextmanager
async def kept_below(rig: Rig, most: int, pid: int) -> AsyncIterator[None]:
    """Halt a process (a load) during the block whenever more than `most` jobs are not done, and let it go on after."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(_keep_below(rig, most, pid))
        try:
            yield
        finally:
            task.cancel()


async def _keep_below(rig: Rig, most: int, pid: int) -> None:
    halted = False
    with suppress(ProcessLookupError):  # the load has ended
        while True:
            too_many = await backlog(rig) > most
            if too_many != halted:
                os.kill(pid, signal.SIGSTOP if too_many else signal.SIGCONT)
                halted = too_many
            await asyncio.sleep(_POLL_SECONDS)


def _order(order_id: str, number: int, most_amount: int) -> Order:
    amount = 1 + number % most_amount
    body = {"inputToken": "SOL", "outputToken": "USDC", "amount": amount, "userId": f"user{number % USERS}"}
    return Order.new(order_id, OrderRequest.parse(body), datetime.now(UTC))
