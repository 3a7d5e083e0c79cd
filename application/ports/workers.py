"""The workers that are there, as they report themselves."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from attrs import frozen

REPORT_SECONDS = 5.0  # so often a worker reports
GONE_SECONDS = 20.0  # one that was silent for so long is not


@frozen
class WorkerState:
    """What a worker reports: its name, which no other has, its release, how many orders it may execute, and does."""

    name: str
    version: str
    slots: int
    in_flight: int


@frozen
class SeenWorker:
    """The same, and when it was first and last heard of (the store's clock, UTC)."""

    state: WorkerState
    since: datetime
    seen_at: datetime


class Workers(Protocol):
    """Keeps the newest word of each worker. Calls raise StoreUnavailable within a bounded time."""

    async def report(self, state: WorkerState) -> None:
        """Keep what a worker reports."""
        ...

    async def leave(self, name: str) -> None:
        """Say that a worker is not there any more. Idempotent."""
        ...

    async def heard(self, within_seconds: float) -> Sequence[SeenWorker]:
        """Return those that reported within so many seconds, by the store's clock: longest there first."""
        ...
