"""Have a worker report that it is there, and how busy it is: every five seconds, until it leaves."""

from contextlib import suppress
from typing import Protocol

from attrs import frozen

from application import observe
from application.ports.errors import PortError
from application.ports.system import Clock
from application.ports.workers import REPORT_SECONDS, Workers, WorkerState

RETRY_SECONDS = 1.0


class Busy(Protocol):
    """What is reported of a worker."""

    @property
    def slots(self) -> int:
        """How many orders it may execute at once."""
        ...

    @property
    def in_flight(self) -> int:
        """How many orders it executes now."""
        ...


@frozen
class ReportWorker:
    """Reports a worker under its `name`, the one that leases are held under."""

    workers: Workers
    worker: Busy
    clock: Clock
    name: str
    version: str

    async def run(self) -> None:
        """Report until cancelled, and then that it leaves."""
        try:
            while True:
                await self.clock.sleep(REPORT_SECONDS if await self._report() else RETRY_SECONDS)
        finally:
            with suppress(PortError):
                await self.workers.leave(self.name)

    async def _report(self) -> bool:
        state = WorkerState(self.name, self.version, self.worker.slots, self.worker.in_flight)
        try:
            await self.workers.report(state)
        except PortError as error:  # no order depends on it
            observe.store_away("the report of the worker", error)
            return False
        return True
