"""The landed swaps, to be listed."""

from datetime import datetime
from typing import Protocol

from attrs import frozen

from domain.execution import Execution


@frozen
class ExecutionFilter:
    """Which executions to list; None means any. `since` is included, `until` is not; both are UTC."""

    user_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@frozen
class ExecutionPage:
    """One page of a list; `next_cursor` is None on the last."""

    executions: tuple[Execution, ...]
    next_cursor: str | None


class Executions(Protocol):
    """Lists what `OrderStore.append` kept of landed swaps: one execution for each confirmed order.

    Raises StoreUnavailable within a bounded time.
    """

    async def page(self, query: ExecutionFilter, cursor: str | None, limit: int) -> ExecutionPage:
        """Return executions, the last recorded first, at most `limit` (1 to 200), from `cursor` on (None: the newest).

        Pages neither repeat nor skip an execution while new ones arrive. A cursor goes on with a list of the same user
        (or of all users) only: for any other text, and whether or not anything is there, InvalidCursor is raised.
        """
        ...

    async def on_chain(self, order_id: str) -> Execution | None:
        """Return the execution of an order whose swap landed on a chain; None for all others."""
        ...
