"""Record steps of an order: stored first, then published. The one place where either is done."""

from attrs import frozen

from application import observe
from application.ports.audit import AuditEntry
from application.ports.order_store import OrderStore, Record
from application.ports.update_feed import UpdateFeed
from domain.order import Order, Step


@frozen
class RecordStep:
    """Stores one or more steps of one order in one commit, and publishes their frames after it."""

    store: OrderStore
    feed: UpdateFeed

    async def __call__(self, before: Order, *steps: Step, act: AuditEntry | None = None) -> Order:
        """Record `steps`, which follow each other from the order as it was `before`; return the order after them.

        `act` is the administrative act that they are. Safe to repeat with the same steps. Raises what
        `OrderStore.append` raises; then nothing is published.
        """
        record = Record.of(before, *steps, act=act)
        await self.store.append(record)
        self.feed.publish(record.frames)
        for step in steps:
            observe.step_stored(before, step)
            before = step[0]
        return before
