"""The record of administrative acts in this process's memory."""

from attrs import define, field

from application.ports.audit import AuditEntry, AuditFilter, AuditPage, AuditRecord
from application.ports.errors import DataRefused
from application.ports.system import Clock


@define(eq=False)
class InMemoryAudit:
    """Keeps what the store and the halts of this process note, too."""

    clock: Clock
    _kept: list[AuditRecord] = field(factory=list)

    async def write(self, entry: AuditEntry) -> None:
        self.note(entry)

    def note(self, entry: AuditEntry) -> None:
        """Keep an entry."""
        if not entry.what:
            raise DataRefused("an act without a name")
        self._kept.append(AuditRecord(len(self._kept) + 1, self.clock.now(), entry))

    async def records(self, query: AuditFilter, before: int | None, limit: int) -> AuditPage:
        found = [
            record
            for record in reversed(self._kept)
            if (before is None or record.number < before)
            and (query.since is None or record.at >= query.since)
            and query.who in (None, record.entry.who)
            and query.what in (None, record.entry.what)
        ]
        records = tuple(found[:limit])
        return AuditPage(records, records[-1].number if len(found) > limit else None)
