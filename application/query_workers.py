"""Which workers are there."""

from collections.abc import Sequence

from attrs import frozen

from application.caller import Caller, Scope
from application.ports.workers import GONE_SECONDS, SeenWorker, Workers


@frozen
class QueryWorkers:
    """What an operator may look at, while the queue is away too."""

    workers: Workers

    async def __call__(self, caller: Caller) -> Sequence[SeenWorker]:
        """Return those that reported lately, longest there first. Raises StoreUnavailable."""
        caller.require(Scope.ADMIN)
        return await self.workers.heard(GONE_SECONDS)
