"""One engine process of a rig, from its start until it is ended."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from pathlib import Path

import httpx
from attrs import define

READY_SECONDS = 30.0
END_SECONDS = 15.0
ROOT = Path(__file__).parents[1]
_POLL_SECONDS = 0.05
_LAST_WORDS = 2000


class BrokenProcess(Exception):
    """A process did not get ready, or ended on its own; the text has its last words."""


@define(eq=False)
class EngineProcess:
    """A process with an HTTP address; `part` is what its use of the machine is counted under."""

    name: str
    part: str
    url: str
    log: Path
    command: tuple[str, ...]
    environment: Mapping[str, str]
    _running: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        """The process id."""
        if self._running is None:
            raise BrokenProcess(f"{self.name} does not run")
        return self._running.pid

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run it during the block, which starts when it is ready. Raises BrokenProcess."""
        with self.log.open("ab") as log:
            started = await asyncio.create_subprocess_exec(
                *self.command, env=self.environment, cwd=ROOT, stdout=log, stderr=log
            )
        self._running = started
        try:
            await self._until_ready(started)
            yield
            if started.returncode is not None:
                raise BrokenProcess(self._told(f"{self.name} ended with {started.returncode}"))
        finally:
            await _end(started)

    async def _until_ready(self, started: asyncio.subprocess.Process) -> None:
        deadline = time.monotonic() + READY_SECONDS
        async with httpx.AsyncClient(timeout=2, trust_env=False) as client:
            while time.monotonic() < deadline and started.returncode is None:
                with suppress(httpx.HTTPError):
                    if (await client.get(f"{self.url}/health/ready")).status_code == HTTPStatus.OK:
                        return
                await asyncio.sleep(_POLL_SECONDS)
        raise BrokenProcess(self._told(f"{self.name} is not ready"))

    def _told(self, what: str) -> str:
        return f"{what}: {self.log.read_text(errors='replace')[-_LAST_WORDS:]}"


async def _end(process: asyncio.subprocess.Process) -> None:
    """End it with SIGTERM, and by force when it does not go."""
    if process.returncode is None:
        process.send_signal(signal.SIGCONT)
        process.terminate()
    try:
        async with asyncio.timeout(END_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
