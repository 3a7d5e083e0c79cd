"""The engine that is watched: two APIs, two workers, two venues, servers, which can be killed; and its load."""

import asyncio
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from pathlib import Path

import httpx
from attrs import frozen
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from entrypoints.dev.servers import LocalPostgres, LocalRedis
from tests.processes import Restartable, finished, free_port

ORDERS_PER_SECOND = 8
VENUES = ("Raydium", "Meteora")
# Swaps take a second or two, so that whoever is killed has orders in hand; the rest as short as it may be.
SETTINGS = {
    "MOCK_SWAP_MIN_MS": "1000",
    "MOCK_SWAP_MAX_MS": "2000",
    "MOCK_FAILURE_RATE": "0",
    "LEASE_SECONDS": "5",
    "RECOVERY_SECONDS": "3",
    "VENUE_TIMEOUT_MS": "1000",
    "GRACE_SECONDS": "2",
    "LINGER_SECONDS": "0",
    "LOG_FORMAT": "json",
}


@frozen
class Engine:
    """All that runs, by name."""

    postgres: LocalPostgres
    redis: LocalRedis
    apis: tuple[Restartable, ...]
    workers: tuple[Restartable, ...]
    venues: Mapping[str, Restartable]
    settings: Mapping[str, str]

    @property
    def targets(self) -> dict[str, list[str]]:
        """The addresses that Prometheus scrapes, by job."""
        return {
            "order-engine-api": [api.process.operations.removeprefix("http://") for api in self.apis],
            "order-engine-worker": [worker.process.operations.removeprefix("http://") for worker in self.workers],
        }

    def command(self, *arguments: str) -> None:
        """Run an operator's command."""
        done = finished(*arguments, settings=self.settings)
        assert done.returncode == 0, done.stderr


@contextmanager
def engine(folder: Path) -> Iterator[Engine]:
    """Run the engine under load until the block ends."""
    with ExitStack() as stack:
        postgres = stack.enter_context(LocalPostgres(folder / "postgres"))
        redis = stack.enter_context(LocalRedis(folder / "redis"))
        servers = {"POSTGRES_URL": postgres.engine_url(), "REDIS_URL": redis.url}
        venues = {}
        for name in VENUES:
            port = str(free_port())
            ledger = {"SIMULATOR_PORT": port, "SIMULATOR_LEDGER": str(folder / f"{name}.sqlite")}
            venues[name] = stack.enter_context(Restartable("venue-simulator", {**SETTINGS, "PORT": port, **ledger}))
        named = ",".join(f"{name}={venue.url}/{name}" for name, venue in venues.items())
        settings = {**SETTINGS, **servers, "VENUES": named}
        migrated = finished("migrate", settings=settings)
        assert migrated.returncode == 0, migrated.stderr
        apis = tuple(
            stack.enter_context(Restartable("api", {**settings, **_ports(), "API_PROCESSES": processes}))
            for processes in ("1", "2")
        )
        workers = tuple(stack.enter_context(Restartable("worker", {**settings, **_ports()})) for _ in range(2))
        stack.enter_context(_load([api.url for api in apis]))
        yield Engine(postgres, redis, apis, workers, venues, settings)


def _ports() -> dict[str, str]:
    port = str(free_port())
    return {"PORT": port, "WORKER_HTTP_PORT": port, "OPERATIONS_PORT": str(free_port())}


@contextmanager
def _load(urls: list[str]) -> Iterator[None]:
    stop = asyncio.Event()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=lambda: loop.run_until_complete(_clients(urls, stop)))
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


async def _clients(urls: list[str], stop: asyncio.Event) -> None:
    """Have orders taken at a steady rate, look at them, and watch, whatever becomes of the APIs."""
    async with httpx.AsyncClient(timeout=5, trust_env=False) as http, asyncio.TaskGroup() as group:
        tasks = [group.create_task(_watch(url)) for url in urls]
        for number in count():
            url = urls[number % len(urls)]
            tasks.append(group.create_task(_order(http, url, number)))
            tasks = [task for task in tasks if not task.done()]
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), 1 / ORDERS_PER_SECOND)
                break
        for task in tasks:
            task.cancel()


async def _order(http: httpx.AsyncClient, url: str, number: int) -> None:
    """Order by a key; each tenth is repeated, each twentieth refused."""
    user_id = f"user-{number % 5}"
    body = {"inputToken": "SOL", "outputToken": "USDC", "amount": number % 20, "userId": user_id}
    headers = {"Idempotency-Key": f"order-{number}"} if number % 2 else {}
    with suppress(httpx.HTTPError, WebSocketException, OSError):
        answer = await http.post(f"{url}/api/orders/execute", json=body, headers=headers)
        if number % 10 == 1:
            await http.post(f"{url}/api/orders/execute", json=body, headers=headers)
            await http.get(f"{url}/api/orders", params={"userId": user_id})
        if answer.status_code == httpx.codes.ACCEPTED and number % 4 == 1:
            async with connect(
                f"{url.replace('http', 'ws')}/ws/orders/{answer.json()['orderId']}", proxy=None
            ) as socket:
                async for _ in socket:
                    pass


async def _watch(url: str) -> None:
    """Follow all orders, and come back."""
    while True:
        with suppress(WebSocketException, OSError):
            async with connect(f"{url.replace('http', 'ws')}/ws/orders", proxy=None) as socket:
                async for _ in socket:
                    pass
        await asyncio.sleep(0.5)
