"""One engine process of the fleet: it is killed, frozen and started again under one name."""

import asyncio
import signal
import time
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path

import httpx
from attrs import define

from tests.processes import COMMAND

END_SECONDS = 20.0
READY_SECONDS = 30.0
POLL_SECONDS = 0.05


@define(eq=False)
class Process:
    """One `order-engine` process, at the same address whenever it is started."""

    name: str
    url: str
    log: Path
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    _running: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it; returns before it is ready."""
        with self.log.open("ab") as log:
            self._running = await asyncio.create_subprocess_exec(
                COMMAND, *self.arguments, env=self.environment, stdout=log, stderr=log
            )

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, if it runs."""
        if self._running is not None and self._running.returncode is None:
            self._running.send_signal(number)

    async def ended(self) -> int:
        """Return its exit code once it has ended; what does not end in time is killed."""
        if self._running is None:
            return 0
        try:
            async with asyncio.timeout(END_SECONDS):
                return await self._running.wait()
        except TimeoutError:
            self.signal(signal.SIGKILL)
            return await self._running.wait()

    async def answers(self, question: str) -> None:
        """Return when it says that it is `live` or `ready`. Raises AssertionError when it does not in time."""
        deadline = time.monotonic() + READY_SECONDS
        async with httpx.AsyncClient(timeout=2, trust_env=False) as client:
            while True:
                with suppress(httpx.HTTPError):
                    if (await client.get(f"{self.url}/health/{question}")).status_code == HTTPStatus.OK:
                        return
                code = self._running.returncode if self._running else None
                if time.monotonic() > deadline or self._running is None or code is not None:
                    raise AssertionError(f"{self.name} is not {question} (its exit code: {code}): see {self.log}")
                await asyncio.sleep(POLL_SECONDS)
