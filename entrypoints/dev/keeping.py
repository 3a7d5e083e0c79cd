"""Keeps the private servers running while the engine does."""

import asyncio
from collections import deque
from collections.abc import Collection

from entrypoints.dev import observe
from entrypoints.dev.servers import LocalServer, LocalServerError

LOOK_SECONDS = 0.2
MOST_STARTS = 5  # in a row, each within so many seconds of the one before
STEADY_SECONDS = 60.0


async def keep_running(servers: Collection[LocalServer]) -> None:
    """Start each of the servers again, on its port, whenever it ends.

    Raises LocalServerError, which names the server, when that is of no use.
    """
    async with asyncio.TaskGroup() as group:
        for server in servers:
            group.create_task(_keep(server))


async def _keep(server: LocalServer) -> None:
    time = asyncio.get_running_loop().time
    url = server.url
    starts: deque[float] = deque(maxlen=MOST_STARTS)
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        if server.pid:
            continue
        observe.server_ended(server.name)
        if len(starts) == MOST_STARTS and time() - starts[0] < STEADY_SECONDS:
            raise LocalServerError(f"The private {server.name} ended {MOST_STARTS} times in {STEADY_SECONDS:.0f} s.")
        starts.append(time())
        await _start_again(server)
        if server.url != url:
            raise LocalServerError(f"The private {server.name} ended, and another program took its port meanwhile.")
        observe.server_back(server.name, server.notice)


async def _start_again(server: LocalServer) -> None:
    """Start it in a thread, which is always waited for: whoever cancels us stops the server next."""
    start = asyncio.create_task(asyncio.to_thread(server.start))
    try:
        await asyncio.shield(start)
    except LocalServerError as error:
        raise LocalServerError(f"The private {server.name} ended and can't be started again: {error}") from error
    finally:
        await asyncio.wait([start])
