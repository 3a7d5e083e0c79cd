"""A running engine and its clients, who submit, follow and wait; and what an operator would look up in its database."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any, TypeVar

import httpx
import psycopg
import websockets
from attrs import Factory, define, frozen
from psycopg.rows import dict_row

from adapters.postgres.migrator import Migrator
from entrypoints.dev.servers import LocalRedis
from tests import servers
from tests.eventually import eventually
from tests.processes import EngineProcess, running

Item = TypeVar("Item")
Answer = TypeVar("Answer")

ORDER: Mapping[str, object] = {"inputToken": "SOL", "outputToken": "USDC", "amount": 10, "userId": "user123"}
FINAL = ("confirmed", "failed")


def new_engine(postgres_url: str, redis_url: str) -> dict[str, str]:
    """Migrate an empty database; return the engine's `impatient` variables."""
    asyncio.run(Migrator(postgres_url).apply())
    return impatient(postgres_url, redis_url)


def impatient(postgres_url: str, redis_url: str) -> dict[str, str]:
    """Return the variables that all processes of one engine share: they wait little, and no swap fails by chance."""
    urls = {"POSTGRES_URL": postgres_url, "REDIS_URL": redis_url}
    waits = {"LEASE_SECONDS": "1", "RECOVERY_SECONDS": "1", "GRACE_SECONDS": "1", "LINGER_SECONDS": "0"}
    return {**urls, **waits, "MOCK_FAILURE_RATE": "0"}


@frozen
class Fleet:
    """An engine of one API and one worker, and its own Redis."""

    settings: dict[str, str]
    redis: LocalRedis
    api: EngineProcess
    worker: EngineProcess


@contextmanager
def running_fleet(postgres_url: str, settings: Mapping[str, str] | None = None) -> Iterator[Fleet]:
    """Run a fleet on an empty database until the block ends: no process of it may have ended before.

    Module-wide it serves many tests: that each finds it well again after the one before is half of their proof.
    """
    with servers.reachable_folder() as folder, LocalRedis(folder / "redis") as redis:
        shared = {**new_engine(postgres_url, redis.url), **(settings or {})}
        with running("api", settings=shared) as api, running("worker", settings=shared) as worker:
            yield Fleet(shared, redis, api, worker)
            assert (api.process.poll(), worker.process.poll()) == (None, None)


async def submit(client: httpx.AsyncClient, count: int, **over: object) -> list[str]:
    """Have orders accepted, all at once; return their ids."""

    async def one() -> str:
        answer = await client.post("/api/orders/execute", json={**ORDER, **over})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["orderId"])

    return await asyncio.gather(*(one() for _ in range(count)))


async def few_at_once(call: Callable[[Item], Awaitable[Answer]], items: Iterable[Item]) -> list[Answer]:
    """Call with each item, 20 at a time; return the answers in order.

    Of a thousand at once the last would wait for its connection until all others are done: too long for httpx's timeout
    when the machine is busy.
    """
    turns = asyncio.Semaphore(20)

    async def one(item: Item) -> Answer:
        async with turns:
            return await call(item)

    return await asyncio.gather(*map(one, items))


async def all_final(client: httpx.AsyncClient, order_ids: Collection[str], seconds: float = 20) -> list[dict[str, Any]]:
    """Wait until every order is final; return them."""
    orders: list[dict[str, Any]] = []

    async def final() -> bool:
        answers = await few_at_once(client.get, (f"/api/orders/{order_id}" for order_id in order_ids))
        orders[:] = [answer.json() for answer in answers]
        return all(order.get("status") in FINAL for order in orders)

    await eventually(final, within=seconds)
    return orders


def rows(settings: Mapping[str, str], query: str, params: Iterable[object] = ()) -> list[dict[str, Any]]:
    """Ask the engine's database."""
    with psycopg.connect(settings["POSTGRES_URL"], row_factory=dict_row) as connection:
        return connection.execute(query, list(params)).fetchall()


def stories_are_whole(settings: Mapping[str, str]) -> None:
    """Check in the database that every order's events are 1..n and say what its logs say."""
    told: dict[int, list[tuple[int, str]]] = {}
    for event in rows(
        settings, "SELECT orders_id, seq, frame::json->>'message' AS message FROM order_events ORDER BY 1, 2"
    ):
        told.setdefault(event["orders_id"], []).append((event["seq"], event["message"]))
    for order in rows(settings, "SELECT id, version, logs FROM orders"):
        assert order["version"] == len(order["logs"])
        assert told.get(order["id"], []) == list(enumerate(order["logs"], 1))


def socket_url(api_url: str, order_id: str, after_seq: int | None = None) -> str:
    """Return the address of an order's live feed."""
    query = "" if after_seq is None else f"?afterSeq={after_seq}"
    return f"{api_url.replace('http', 'ws', 1)}/ws/orders/{order_id}{query}"


@define
class Follower:
    """Follows one order to its end, wherever it must connect again; remembers what it saw and how sockets ended.

    `urls` is shared with whoever starts and stops APIs. `late` is by how many seconds a frame came after its timestamp,
    at most.
    """

    urls: list[str]
    order_id: str
    frames: list[dict[str, Any]] = Factory(list)
    codes: list[int | None] = Factory(list)
    late: float = 0.0

    @property
    def seqs(self) -> list[int]:
        """The frames' numbers, as they came."""
        return [frame["seq"] for frame in self.frames]

    async def follow(self) -> None:
        """Return when a server says that it was all."""
        while not self.codes or self.codes[-1] != websockets.CloseCode.NORMAL_CLOSURE:
            after = self.seqs[-1] if self.frames else None
            address = socket_url(self.urls[hash(self.order_id) % len(self.urls)], self.order_id, after)
            with suppress(OSError, websockets.InvalidHandshake, EOFError):
                async with websockets.connect(address, open_timeout=5) as socket:
                    await self._read(socket)
                self.codes.append(socket.close_code)
            await asyncio.sleep(0.05)

    async def _read(self, socket: websockets.ClientConnection) -> None:
        with suppress(websockets.ConnectionClosed):
            while True:
                frame = json.loads(await socket.recv())
                self.frames.append(frame)
                self.late = max(self.late, time.time() - _seconds(frame["timestamp"]))


def _seconds(timestamp: str) -> float:
    return datetime.fromisoformat(timestamp).timestamp()
