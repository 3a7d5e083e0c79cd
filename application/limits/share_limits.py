"""Have the processes of an engine share their limits: each reports four times a second who runs short in it."""

from collections import deque
from collections.abc import Sequence
from typing import Protocol

from attrs import define, field

from application import observe
from application.limits.shares import Shares
from application.ports.errors import QueueUnavailable
from application.ports.limit_reports import LimitReports, Other, Report
from application.ports.system import Clock

APART_SECONDS = 0.25
SILENT_LOOKS = 12  # who left no report while this process left so many is gone


class SharedLimit(Protocol):
    """A limit whose shares are shared out."""

    name: str
    shares: Shares

    def look(self) -> None:
        """Go by what the shares learned."""
        ...


@define(eq=False)
class ShareLimits:
    """Exchanges reports. While nobody can be asked each process goes on with the shares that it has.

    There are `least` processes at least, also before any was heard of; `process` is this one's name.
    """

    limits: Sequence[SharedLimit]
    reports: LimitReports
    clock: Clock
    process: str
    least: int = 1
    _seen: int = 0
    _is_alone: bool = False  # nobody could be asked last time
    _before: deque[int] = field(factory=lambda: deque([0], maxlen=SILENT_LOOKS))  # this process's exchanges

    def __attrs_post_init__(self) -> None:
        for limit in self.limits:
            limit.shares.members = self.least

    async def run(self) -> None:
        """Go on until cancelled."""
        while True:
            await self.exchange()
            await self.clock.sleep(APART_SECONDS)

    async def exchange(self) -> None:
        """Report once, and go by what others report."""
        said = {limit.name: reported for limit in self.limits if (reported := limit.shares.report())}
        try:
            heard = await self.reports.exchange(self.process, Report(self._seen, said), self._before[0])
        except QueueUnavailable as error:
            if not self._is_alone:
                observe.queue_away("the limits", error)
            self._is_alone = True
            return
        self._is_alone = False
        self._seen = heard.number
        self._before.append(heard.number)
        members = max(self.least, 1 + len(heard.others))
        for limit in self.limits:
            others = [Other(other.seen, other.limits.get(limit.name, {})) for other in heard.others]
            limit.shares.learn(heard.number, members, others)
            limit.look()
