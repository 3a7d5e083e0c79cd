"""How groups of events are kept: each moves its order on by one version, or finds that it has done so already."""

from collections.abc import Sequence

import msgspec
from attrs import evolve

from adapters.postgres import statements
from adapters.postgres.errors import after_a_write
from adapters.postgres.own_connection import OwnConnection
from adapters.postgres.rows import in_json, row_of_step
from application.frames import Frame, frame_of
from application.ports.errors import PortError, StaleOrder, StoreUnavailable
from domain.events import OrderEvent
from domain.order import Order


class Step(msgspec.Struct, frozen=True, gc=False):
    """One call of `append`."""

    order: Order
    event: OrderEvent
    frame: Frame

    @classmethod
    def of(cls, order: Order, event: OrderEvent) -> "Step":
        """Make the event's frame too: the text that is kept is the text that is sent."""
        return cls(order, event, frame_of(event))


async def append_steps(
    connection: OwnConnection, steps: Sequence[Step], deadline: float
) -> Sequence[Frame | PortError]:
    """Move the orders on in one statement; unless it says that all were at the expected version, look them up."""
    rows = [row_of_step(s.order, s.event, s.frame) for s in sorted(steps, key=lambda step: step.event.order_id)]
    [(moved,)] = await connection.run(statements.APPEND, in_json(rows), deadline)
    if moved == len(steps):
        return [step.frame for step in steps]
    return await _kept(connection, steps, deadline)


async def _kept(connection: OwnConnection, steps: Sequence[Step], deadline: float) -> Sequence[Frame | PortError]:
    """Find the events that are kept, just now or by an earlier try whose connection broke; the others are stale."""
    rows = [{"order_id": s.event.order_id, "seq": s.event.seq, "event_id": s.event.event_id} for s in steps]
    try:
        texts: dict[str, str | None] = dict(await connection.run(statements.KEPT, in_json(rows), deadline))
    except StoreUnavailable as error:
        return [after_a_write(error) for _ in steps]
    return [
        evolve(step.frame, text=text) if (text := texts.get(step.event.order_id)) else StaleOrder() for step in steps
    ]
