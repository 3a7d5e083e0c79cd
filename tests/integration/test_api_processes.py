"""`order-engine api --processes N`: one port, several processes, and a service that outlives any of them."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from pathlib import Path

import httpx
import pytest
import websockets
from attrs import Factory, define

from adapters.postgres.migrator import Migrator
from entrypoints.dev.servers.guard import process_tree
from tests import servers
from tests.clients import ORDER, new_engine, rows, socket_url, submit
from tests.eventually import eventually
from tests.processes import EngineProcess, free_port, running

POST = "/api/orders/execute"
PATIENCE = 30.0  # several processes start at once, and the machine may be busy


@pytest.fixture
def settings(database_url: str, redis_db_url: str) -> dict[str, str]:
    return new_engine(database_url, redis_db_url)


@pytest.fixture(scope="module")
def shared_settings(postgres_url: str, redis_url: str) -> Iterator[dict[str, str]]:
    with servers.empty_database(postgres_url) as url:
        yield new_engine(url, redis_url)


@pytest.fixture(scope="module")
def three(shared_settings: dict[str, str]) -> Iterator[EngineProcess]:
    """An API of three processes, for tests that leave it as whole as they found it."""
    with running("api", "--processes", "3", settings=shared_settings) as api:
        yield api


def children(api: EngineProcess) -> list[int]:
    return process_tree(api.process.pid)[1:]


@contextmanager
def alone(pid: int, pids: list[int]) -> Iterator[None]:
    """Freeze the others, so that this one takes every connection that is opened meanwhile."""
    others = [other for other in pids if other != pid]
    for other in others:
        os.kill(other, signal.SIGSTOP)
    try:
        yield
    finally:
        for other in others:
            os.kill(other, signal.SIGCONT)


async def all_serving(api: EngineProcess, count: int) -> list[int]:
    """Wait until each of the children answers; return their pids."""
    await eventually(lambda: len(children(api)) == count, within=PATIENCE)
    pids = children(api)
    for pid in pids:
        with alone(pid, pids):
            async with httpx.AsyncClient(base_url=api.url, timeout=PATIENCE) as client:
                assert (await client.get("/health/ready")).status_code == 200
    return pids


def has_ended(pid: int) -> bool:
    """Look; one that nobody has waited for yet has ended too."""
    try:
        os.kill(pid, 0)
        return sys.platform == "linux" and ") Z " in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True


def clients_of(pid: int, api: EngineProcess) -> set[int]:
    """List the ports of the clients whose connections a process holds."""
    port = int(api.url.rpartition(":")[2])
    held = set()
    for file in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            held.add(os.readlink(file))
    found = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, here, there, _, _, _, _, _, _, inode, *_ = line.split()
        if int(here.split(":")[1], 16) == port and f"socket:[{inode}]" in held:
            found.add(int(there.split(":")[1], 16))
    return found


def port_of(answer: httpx.Response) -> int:
    """Return the client's port, 0 when the connection has gone since."""
    try:
        return int(answer.extensions["network_stream"].get_extra_info("client_addr")[1])
    except OSError:
        return 0


@define
class Load:
    """Clients that submit one order after the other, each on a connection of its own that it keeps."""

    url: str
    keys: list[str] = Factory(list)
    accepted: list[str] = Factory(list)
    cut: list[tuple[int, httpx.TransportError]] = Factory(list)
    ended: bool = False

    async def run(self, clients: int) -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(clients):
                group.create_task(self._submit(f"client-{number}"))

    async def _submit(self, name: str) -> None:
        port = 0
        async with httpx.AsyncClient(base_url=self.url, timeout=PATIENCE) as client:
            while not self.ended:
                key = f"{name}-{len(self.keys)}"
                try:
                    answer = await client.post(POST, json=ORDER, headers={"Idempotency-Key": key})
                except httpx.TransportError as error:
                    self.cut.append((port, error))
                    port = 0
                    continue
                assert answer.status_code == 202, answer.text
                self.keys.append(key)
                self.accepted.append(answer.json()["orderId"])
                port = port_of(answer)


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


async def start(stack: AsyncExitStack, *arguments: str, settings: dict[str, str]) -> EngineProcess:
    return await asyncio.to_thread(stack.enter_context, running(*arguments, settings=settings))


async def a_client(stack: AsyncExitStack, api: EngineProcess) -> httpx.AsyncClient:
    return await stack.enter_async_context(httpx.AsyncClient(base_url=api.url, timeout=PATIENCE))


async def a_watcher(stack: AsyncExitStack, api: EngineProcess, order_id: str) -> websockets.ClientConnection:
    return await stack.enter_async_context(websockets.connect(socket_url(api.url, order_id), open_timeout=PATIENCE))


async def test_several_processes_are_one_api(
    three: EngineProcess, shared_settings: dict[str, str], stack: AsyncExitStack
) -> None:
    pids = await all_serving(three, 3)
    [order_id] = await submit(await a_client(stack, three), 1)
    clients, watchers = [], []
    for pid in pids:
        with alone(pid, pids):
            watchers += [await a_watcher(stack, three, order_id) for _ in range(3)]
            clients.append(await a_client(stack, three))
            await asyncio.gather(*(clients[-1].get("/health/live") for _ in range(17)))  # so many connections
    await start(stack, "worker", settings=shared_settings)
    for watcher in watchers:
        assert [json.loads(text)["seq"] async for text in watcher] == [0, 1, 2, 3, 4, 5]
        assert watcher.close_code == 1000
    key = {"Idempotency-Key": "the-same"}
    equal = [client.post(POST, json=ORDER, headers=key) for client in clients for _ in range(17)]
    answers = await asyncio.gather(*equal)
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["orderId"] for answer in answers}) == 1
    assert [answer.headers.get("Idempotency-Replayed") for answer in answers].count(None) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc whose connections are whose")
async def test_a_killed_process_takes_only_its_own_connections_along(
    three: EngineProcess, shared_settings: dict[str, str]
) -> None:
    pids = await all_serving(three, 3)
    load = Load(three.url)
    async with asyncio.TaskGroup() as group:
        group.create_task(load.run(24))
        await eventually(lambda: len(load.accepted) > 200, within=PATIENCE)
        victim = max(pids, key=lambda pid: len(clients_of(pid, three)))
        os.kill(victim, signal.SIGSTOP)
        its_clients = clients_of(victim, three)
        os.kill(victim, signal.SIGKILL)
        reached = len(load.accepted)
        await eventually(lambda: len(load.accepted) > reached + 200, within=PATIENCE)
        load.ended = True
    assert {port for port, _ in load.cut} <= its_clients
    assert not [error for _, error in load.cut if isinstance(error, httpx.ConnectError | httpx.TimeoutException)]
    assert len(set(await all_serving(three, 3)) - set(pids)) == 1
    assert len(rows(shared_settings, "SELECT key FROM idempotency_keys")) >= len(load.keys) > 400


async def test_a_stop_under_load_lets_nobody_down(settings: dict[str, str], stack: AsyncExitStack) -> None:
    api = await start(stack, "api", settings={**settings, "API_PROCESSES": "2", "LINGER_SECONDS": "0.3"})
    pids = await all_serving(api, 2)
    [order_id] = await submit(await a_client(stack, api), 1)
    watchers = []
    for pid in pids:
        with alone(pid, pids):
            watchers += [await a_watcher(stack, api, order_id) for _ in range(3)]
    load = Load(api.url)
    async with asyncio.TaskGroup() as group:
        group.create_task(load.run(12))
        await eventually(lambda: len(load.accepted) > 50, within=PATIENCE)
        stopping = asyncio.create_task(asyncio.to_thread(api.terminate))
        for watcher in watchers:
            await watcher.wait_closed()
        load.ended = True
        assert await stopping == 0
    assert {watcher.close_code for watcher in watchers} == {1012}
    stored = {row["order_id"] for row in rows(settings, "SELECT order_id FROM orders")}
    assert {*load.accepted, order_id} <= stored
    await eventually(lambda: all(map(has_ended, pids)))


async def test_no_process_outlives_a_killed_parent(settings: dict[str, str], stack: AsyncExitStack) -> None:
    api = await start(stack, "api", "--processes", "2", settings=settings)
    await eventually(lambda: len(children(api)) == 2)
    pids = children(api)  # the second may still be starting
    [order_id] = await submit(await a_client(stack, api), 1)
    watcher = await a_watcher(stack, api, order_id)
    api.kill()
    await watcher.wait_closed()
    assert watcher.close_code == 1012  # they drain, as on SIGTERM
    await eventually(lambda: all(map(has_ended, pids)), within=PATIENCE)


async def test_several_processes_wait_for_the_migrations_as_one_does(
    database_url: str, redis_db_url: str, stack: AsyncExitStack
) -> None:
    port = free_port()
    settings = {"POSTGRES_URL": database_url, "REDIS_URL": redis_db_url, "LINGER_SECONDS": "0"}
    settings["OPERATIONS_PORT"] = str(port)
    starting = asyncio.create_task(start(stack, "api", "--processes", "2", settings=settings))
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE) as client:

        async def unready() -> bool:
            with suppress(httpx.ConnectError):  # nobody listens yet
                answer = await client.get("/health/ready")
                return answer.status_code == 503 and answer.json()["checks"]["migrations"] == "down"
            return False

        await eventually(unready, within=PATIENCE)
    await Migrator(database_url).apply()
    api = await starting
    assert await asyncio.to_thread(api.terminate) == 0
