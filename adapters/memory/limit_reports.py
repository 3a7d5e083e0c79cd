"""Reports of the processes' shares in this process's memory."""

from attrs import define, field

from application.ports.limit_reports import Exchange, Report


@define(eq=False)
class InMemoryLimitReports:
    """Keeps the newest report of each."""

    _number: int = 0
    _reports: dict[str, tuple[int, Report]] = field(factory=dict)

    async def exchange(self, process: str, report: Report, since: int = 0) -> Exchange:
        self._number += 1
        self._reports[process] = (self._number, report)
        self._reports = {name: kept for name, kept in self._reports.items() if kept[0] >= since or since > self._number}
        return Exchange(self._number, [kept for name, (_, kept) in self._reports.items() if name != process])
