"""Processes of ours beside the engine's: each is told one JSON line at a time and answers with one."""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from attrs import frozen

from benchmarks.process import ROOT

LINE_MOST = 16 << 20
END_SECONDS = 10.0
_POLL_SECONDS = 0.05

Answer = dict[str, Any]


class HelperEnded(Exception):
    """A helper ended before it answered; its own stderr says why."""


@frozen
class Helper:
    """A child process that runs one module of `benchmarks.parts`. It ends with its stdin, so also when we die."""

    process: asyncio.subprocess.Process

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    async def ask(self, task: str, *, within: float = 60.0, **details: object) -> Answer:
        """Have it do a task, one at a time. Raises HelperEnded; TimeoutError after `within` seconds."""
        if self.process.stdin is None or self.process.stdout is None or self.process.returncode is not None:
            raise HelperEnded(task)
        self.process.stdin.write(json.dumps({"task": task, **details}).encode() + b"\n")
        async with asyncio.timeout(within):
            line = await self.process.stdout.readline()
        if not line:
            raise HelperEnded(task)
        answer: Answer = json.loads(line)
        return answer

    async def counted(self, what: str, count: int, *, within: float) -> bool:
        """Wait until its task `count` tells so many of `what`; False when it still does not after `within` seconds."""
        deadline = time.monotonic() + within
        while (await self.ask("count"))[what] < count:
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(_POLL_SECONDS)
        return True


@asynccontextmanager
async def helper(name: str) -> AsyncIterator[Helper]:
    """Run `python -m benchmarks.parts.<name>` meanwhile."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", f"benchmarks.parts.{name}", cwd=ROOT, stdin=pipe, stdout=pipe, limit=LINE_MOST
    )
    try:
        yield Helper(process)
    finally:
        if process.stdin is not None:
            process.stdin.close()
        try:
            async with asyncio.timeout(END_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


async def answer_lines(tasks: Mapping[str, Callable[..., Awaitable[Answer]]]) -> None:
    """Do what stdin's lines ask for, in order, until it ends: the helper's side."""
    reader = asyncio.StreamReader(limit=LINE_MOST)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        details = json.loads(line)
        answer = await tasks[details.pop("task")](**details)
        os.write(sys.stdout.fileno(), json.dumps(answer).encode() + b"\n")
