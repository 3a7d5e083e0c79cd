"""Read back what administrators did."""

from attrs import frozen

from application.caller import Caller, Scope
from application.ports.audit import Audit, AuditFilter, AuditPage


@frozen
class QueryAudit:
    """The record of administrative acts."""

    audit: Audit

    async def __call__(self, caller: Caller, query: AuditFilter, before: int | None, limit: int) -> AuditPage:
        """Return a page of the record, newest first."""
        caller.require(Scope.ADMIN)
        return await self.audit.records(query, before, limit)
