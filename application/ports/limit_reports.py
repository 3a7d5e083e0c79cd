"""What the processes of an engine report to each other of the limits that they share."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from attrs import frozen

Reported = Mapping[str, tuple[float, float]]  # by a client's hash: this process's share, and how much was asked of it


@frozen
class Report:
    """What one process says of each limit that it shares; `seen` is the newest exchange that it knew of when it did."""

    seen: int
    limits: Mapping[str, Reported]


@frozen
class Other:
    """What another process says of one limit."""

    seen: int
    reported: Reported


@frozen
class Exchange:
    """An exchange by its number, which rises, and the last reports of all the others that still make them."""

    number: int
    others: Sequence[Report]


class LimitReports(Protocol):
    """A place for the newest report of each process. It may lose them: then each goes by what it knew.

    Raises QueueUnavailable within a bounded time.
    """

    async def exchange(self, process: str, report: Report, since: int = 0) -> Exchange:
        """Leave a report and read the others' in one step; who left none since exchange `since` is forgotten."""
        ...
