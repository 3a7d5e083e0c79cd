"""Where a process may open no more files its clients are served all the same, and it says so."""

import resource
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx
import pytest

from tests.clients import ORDER, new_engine
from tests.eventually import eventually
from tests.processes import EngineProcess, running

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets another process set a limit")

FILES = 128


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


@pytest.fixture
def api(database_url: str, redis_db_url: str, log: Path) -> Iterator[EngineProcess]:
    with log.open("w") as stderr, running("api", settings=new_engine(database_url, redis_db_url), stderr=stderr) as api:
        yield api


def is_closed(client: socket.socket) -> bool:
    """Whether the server has ended a connection on which nothing was said."""
    client.setblocking(False)
    try:
        return client.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True


async def test_those_that_are_there_are_served_and_new_ones_once_there_is_room(api: EngineProcess, log: Path) -> None:
    address = httpx.URL(api.url)
    async with httpx.AsyncClient(base_url=api.url) as early:
        assert (await early.get("/health/ready")).status_code == 200
        resource.prlimit(api.process.pid, resource.RLIMIT_NOFILE, (FILES, FILES))
        with ExitStack() as stack:
            clients: list[socket.socket] = []

            async def some_are_refused() -> bool:
                clients.append(stack.enter_context(socket.create_connection((address.host, address.port or 80))))
                return sum(map(is_closed, clients)) >= 10

            await eventually(some_are_refused)
            for _ in range(50):
                assert (await early.post("/api/orders/execute", json=dict(ORDER))).status_code == 202
                assert (await early.get("/health/ready")).status_code == 200
            await eventually(lambda: len(told(log)) == 1)
            assert "files=" in told(log)[0]
        await eventually(lambda: answers(api))


def told(log: Path) -> list[str]:
    return [line for line in log.read_text().splitlines() if "connections_refused" in line]


def answers(api: EngineProcess) -> bool:
    with suppress(httpx.TransportError):
        return httpx.get(f"{api.url}/health/live").status_code == 200
    return False
