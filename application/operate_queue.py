"""What an operator may do with the jobs as a whole: count them, decide on dead letters, pause all workers."""

from collections.abc import Sequence

from attrs import frozen

from application.caller import Caller, Scope, canonical
from application.ports.queue_operations import BuriedJob, QueueCounts, QueueOperations


@frozen
class OperateQueue:
    """The operator's part. Each call raises QueueUnavailable."""

    operations: QueueOperations

    async def counts(self, caller: Caller) -> QueueCounts:
        """Count the jobs in each place, and say whether there is a pause."""
        caller.require(Scope.ADMIN)
        return await self.operations.counts()

    async def dead_letters(self, caller: Caller) -> Sequence[BuriedJob]:
        """Return the dead letters, oldest first. Their orders are as they were."""
        caller.require(Scope.ADMIN)
        return await self.operations.buried()

    async def revive(self, caller: Caller, order_id: str) -> str | None:
        """Put a dead letter back with a fresh count of deliveries; return its id, None when no dead letter has it."""
        caller.require(Scope.ADMIN)
        known = canonical(order_id) or order_id  # what somebody put there by hand can have any name
        return known if await self.operations.revive(known) else None

    async def pause(self, caller: Caller) -> None:
        """Let no worker take jobs until `resume`. Orders in hand go on; new ones are still accepted, and wait."""
        caller.require(Scope.ADMIN)
        await self.operations.pause()

    async def resume(self, caller: Caller) -> None:
        """End a pause."""
        caller.require(Scope.ADMIN)
        await self.operations.resume()
