"""Read back which swaps landed, and with what."""

from attrs import evolve, frozen

from application.caller import Caller, Scope
from application.ports.executions import ExecutionFilter, ExecutionPage, Executions


@frozen
class QueryExecutions:
    """A list of executions."""

    executions: Executions

    async def __call__(self, caller: Caller, query: ExecutionFilter, cursor: str | None, limit: int) -> ExecutionPage:
        """Return a page of the executions that the caller may see, newest first. Raises InvalidCursor and Forbidden."""
        caller.require(Scope.ORDERS_READ)
        return await self.executions.page(evolve(query, user_id=caller.seen_users(query.user_id)), cursor, limit)
