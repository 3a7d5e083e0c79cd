"""The executions that an in-memory store keeps."""

from collections.abc import Sequence

from adapters.execution_cursor import cursor_at, position_of
from application.ports.executions import ExecutionFilter, ExecutionPage
from domain.execution import Execution


class InMemoryExecutions:
    """Lists `kept`, the oldest first; none is ever taken away. A position is an index from 1."""

    def __init__(self, kept: Sequence[Execution]) -> None:
        self._kept = kept

    async def page(self, query: ExecutionFilter, cursor: str | None, limit: int) -> ExecutionPage:
        before = len(self._kept) + 1 if cursor is None else position_of(cursor, query.user_id)
        oldest_first = enumerate(self._kept[: before - 1], 1)
        found = [(n, execution) for n, execution in oldest_first if _matches(execution, query)][::-1]
        page = found[:limit]
        next_cursor = cursor_at(page[-1][0], query.user_id) if len(found) > limit else None
        return ExecutionPage(tuple(execution for _, execution in page), next_cursor)

    async def on_chain(self, order_id: str) -> Execution | None:
        found = (execution for execution in self._kept if execution.order_id == order_id and execution.chain)
        return next(found, None)


def _matches(execution: Execution, query: ExecutionFilter) -> bool:
    return (
        query.user_id in (None, execution.user_id)
        and (query.since is None or execution.at >= query.since)
        and (query.until is None or execution.at < query.until)
    )
