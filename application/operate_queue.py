"""What an operator may do with the jobs as a whole: count them, decide on dead letters, pause all workers."""

from collections.abc import Sequence

from attrs import frozen

from application.audited import audited
from application.caller import Caller, Scope, canonical
from application.ports.audit import Audit
from application.ports.queue_operations import BuriedJob, QueueCounts, QueueOperations


@frozen
class QueryQueue:
    """What an operator may look at, while the store is away too. Each call raises QueueUnavailable."""

    operations: QueueOperations

    async def counts(self, caller: Caller) -> QueueCounts:
        """Count the jobs in each place, and say whether there is a pause."""
        caller.require(Scope.ADMIN)
        return await self.operations.counts()

    async def dead_letters(self, caller: Caller) -> Sequence[BuriedJob]:
        """Return the dead letters, oldest first. Their orders are as they were."""
        caller.require(Scope.ADMIN)
        return await self.operations.buried()


@frozen
class OperateQueue:
    """What an operator may change. Each call raises QueueUnavailable, and StoreUnavailable when it cannot be noted."""

    operations: QueueOperations
    audit: Audit

    async def revive(self, caller: Caller, order_id: str) -> str | None:
        """Put a dead letter back with a fresh count of deliveries; return its id, None when no dead letter has it."""
        caller.require(Scope.ADMIN)
        known = canonical(order_id) or order_id  # what somebody put there by hand can have any name
        act = caller.act("queue.revive", known)
        return known if await audited(self.audit, act, lambda: self.operations.revive(known)) else None

    async def pause(self, caller: Caller) -> None:
        """Let no worker take jobs until `resume`. Orders in hand go on; new ones are still accepted, and wait."""
        caller.require(Scope.ADMIN)
        await audited(self.audit, caller.act("queue.pause"), self.operations.pause)

    async def resume(self, caller: Caller) -> None:
        """End a pause."""
        caller.require(Scope.ADMIN)
        await audited(self.audit, caller.act("queue.resume"), self.operations.resume)
