"""How groups of events are kept: each moves its order on by one version, or finds that it has done so already."""

from collections.abc import Sequence
from operator import attrgetter

from attrs import evolve

from adapters.postgres import statements
from adapters.postgres.errors import after_a_write
from adapters.postgres.own_connection import OwnConnection
from adapters.postgres.rows import in_json, row_of_step
from application.frames import Frame, frame_of
from application.ports.errors import PortError, StaleOrder, StoreUnavailable
from domain.order import Step


async def append_steps(
    connection: OwnConnection, steps: Sequence[Step], deadline: float
) -> Sequence[Frame | PortError]:
    """Move the orders on in one statement; unless it says that all were at the expected version, look them up.

    A frame's text that is kept is the text that is returned, to be sent.
    """
    frames = [frame_of(event) for _, event in steps]
    rows = [row_of_step(order, event, frame) for (order, event), frame in zip(steps, frames, strict=True)]
    rows.sort(key=_order_id)
    [(moved,)] = await connection.run(statements.APPEND, in_json(rows), deadline)
    if moved == len(steps):
        return frames
    return await _kept(connection, steps, frames, deadline)


_order_id = attrgetter("order_id")


async def _kept(
    connection: OwnConnection, steps: Sequence[Step], frames: Sequence[Frame], deadline: float
) -> Sequence[Frame | PortError]:
    """Find the events that are kept, just now or by an earlier try whose connection broke; the others are stale."""
    rows = [{"order_id": event.order_id, "seq": event.seq, "event_id": event.event_id} for _, event in steps]
    try:
        texts: dict[str, str | None] = dict(await connection.run(statements.KEPT, in_json(rows), deadline))
    except StoreUnavailable as error:
        return [after_a_write(error) for _ in steps]
    return [evolve(frame, text=text) if (text := texts.get(frame.order_id)) else StaleOrder() for frame in frames]
