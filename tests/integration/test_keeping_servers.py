"""Private servers are started again while that is of use; else the engine is told which one is lost."""

import asyncio
import os
import signal
import socket
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from entrypoints.dev import keeping
from entrypoints.dev.keeping import keep_running
from entrypoints.dev.servers import LocalRedis, LocalServer, LocalServerError
from entrypoints.dev.servers.binaries import Program
from tests.eventually import eventually


class Once(LocalRedis):
    """A Redis whose program is gone after its first start."""

    def _programs(self, sources: Collection[str]) -> Iterator[Program]:
        return iter(()) if self.url else super()._programs(sources)


def end(server: LocalServer) -> int | None:
    """End the server as a crash would, or the system that is out of memory; return its process id."""
    if pid := server.pid:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return pid


async def test_one_that_ends_is_started_again_where_it_was(server_dir: Path) -> None:
    with LocalRedis(server_dir / "redis") as server:
        keeper = asyncio.create_task(keep_running([server]))
        for _ in range(2):
            url, before = server.url, end(server)
            await eventually(lambda: server.pid not in (None, before))  # noqa: B023 - it is called at once
            assert server.url == url
        keeper.cancel()
        await asyncio.wait([keeper])


async def test_one_that_cannot_start_again_is_named(server_dir: Path) -> None:
    with Once(server_dir / "redis") as server:
        end(server)
        with pytest.raises(ExceptionGroup) as caught:
            await keep_running([server])
    assert caught.group_contains(
        LocalServerError, match=r"The private Redis ended and can't be started again: No Redis"
    )


async def test_one_that_ends_again_and_again_is_given_up(server_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "MOST_STARTS", 2)

    async def kill_each() -> None:
        while True:
            end(server)
            await asyncio.sleep(0.01)

    with LocalRedis(server_dir / "redis") as server:
        killer = asyncio.create_task(kill_each())
        with pytest.raises(ExceptionGroup) as caught:
            await keep_running([server])
        killer.cancel()
    assert caught.group_contains(LocalServerError, match=r"The private Redis (ended 2 times|.* can't be started again)")


async def test_one_whose_port_was_taken_is_given_up(server_dir: Path) -> None:
    with LocalRedis(server_dir / "redis") as server, socket.socket() as taker:
        end(server)
        await eventually(lambda: server.pid is None)
        taker.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taker.bind(("127.0.0.1", int((server_dir / "redis/port").read_text())))
        taker.listen()
        with pytest.raises(ExceptionGroup) as caught:
            await keep_running([server])
    assert caught.group_contains(LocalServerError, match="another program took its port")
