"""What an operator may do with the jobs as a whole: count them, decide on dead letters, pause all workers."""

from collections.abc import Sequence

from attrs import frozen

from application.ports.queue_operations import BuriedJob, QueueCounts, QueueOperations
from application.query_orders import canonical


@frozen
class OperateQueue:
    """The operator's part. Each call raises QueueUnavailable."""

    operations: QueueOperations

    async def counts(self) -> QueueCounts:
        """Count the jobs in each place, and tell whether there is a pause."""
        return await self.operations.counts()

    async def dead_letters(self) -> Sequence[BuriedJob]:
        """Return the dead letters, oldest first. Their orders are as they were."""
        return await self.operations.buried()

    async def revive(self, order_id: str) -> str | None:
        """Put a dead letter back with a fresh count of deliveries; return its id, None when no dead letter has it."""
        known = canonical(order_id) or order_id  # what somebody put there by hand can have any name
        return known if await self.operations.revive(known) else None

    async def pause(self) -> None:
        """Let no worker take jobs until `resume`. Orders in hand go on; new ones are still accepted, and wait."""
        await self.operations.pause()

    async def resume(self) -> None:
        """End a pause."""
        await self.operations.resume()
