"""Loads an API with orders over HTTP: wrk where it is installed, else our own generator; in a process of its own."""

import asyncio
import json
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from attrs import define, frozen

from benchmarks.process import ROOT

CONNECTIONS = 64
USERS = 300
_SCRIPT = Path(__file__).with_name("wrk.lua")


@frozen
class LoadResult:
    """What a load came to. `not_accepted` are answers other than 202, broken connections included.

    `p50_ms` and `p99_ms` are from a request's sending to its answer; at a given rate from when it was due.
    """

    tool: str
    seconds: float
    requests: int
    not_accepted: int
    p50_ms: float
    p99_ms: float

    @property
    def per_second(self) -> float:
        """Answers per second."""
        return self.requests / self.seconds


class LoadFailed(Exception):
    """The load generator ended with an error; the text has its last words."""


@define(eq=False)
class RunningLoad:
    """A load that is under way; it ends by itself."""

    tool: str
    _process: asyncio.subprocess.Process

    @property
    def pid(self) -> int:
        """The generator's process id."""
        return self._process.pid

    async def result(self) -> LoadResult:
        """Return what it came to, once it has ended. Raises LoadFailed."""
        said, errors = await self._process.communicate()
        if self._process.returncode != 0:
            raise LoadFailed(f"{self.tool}: {errors.decode(errors='replace')[-1000:]}")
        return LoadResult(self.tool, **json.loads(said.splitlines()[-1]))


def tool_for(rate: float | None) -> str:
    """Name the generator: wrk cannot keep a rate."""
    return "wrk" if rate is None and shutil.which("wrk") else "own generator"


@asynccontextmanager
async def started_load(
    url: str,
    *,
    seconds: float,
    connections: int = CONNECTIONS,
    users: int = USERS,
    rate: float | None = None,
    credential: str | None = None,
) -> AsyncIterator[RunningLoad]:
    """Post orders to the API at `url` for so long, in the background; what still runs at the block's end is ended.

    Each connection sends the next order when it has its answer; with a `rate` (orders per second, all connections
    together) when it is due, or as soon as a connection is free. Its `users` take turns, and 3,000 amounts. All show
    the `credential`.
    """
    tool = tool_for(rate)
    header = () if credential is None else ("--header", f"Authorization: Bearer {credential}")
    with tempfile.TemporaryDirectory() as empty:
        if tool == "wrk":
            target = f"{url}/api/orders/execute"
            options = ("--threads", "1", "--connections", str(connections), "--duration", f"{max(1, round(seconds))}s")
            command = ("wrk", *options, *header, "--timeout", "10s", "--script", str(_SCRIPT), target, "--", str(users))
        else:
            options = ("--connections", str(connections), "--seconds", str(seconds), "--users", str(users))
            paced = ("--rate", str(rate)) if rate is not None else ()
            command = (sys.executable, "-m", "benchmarks.generator", url, *options, *paced, *header)
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=empty if tool == "wrk" else ROOT,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            yield RunningLoad(tool, process)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


async def load(
    url: str, *, seconds: float, users: int = USERS, rate: float | None = None, credential: str | None = None
) -> LoadResult:
    """Post orders to the API at `url` for so long, and return what it came to. Raises LoadFailed."""
    async with started_load(url, seconds=seconds, users=users, rate=rate, credential=credential) as running:
        return await running.result()
