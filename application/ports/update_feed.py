"""The live channel: frames as they happen. Hints only; the store has the truth."""

from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from application.frames import Frame

Sink = Callable[[Frame], None]


class UpdateFeed(Protocol):
    """Carries frames to every process, at most once. Never fails a caller: a frame may be lost, the store has it."""

    def publish(self, frames: Iterable[Frame]) -> None:
        """Send frames, in order, soon; returns at once and never raises. Beyond a bound of waiting frames, drops."""
        ...

    def subscribe(self, order_id: str, sink: Sink) -> AbstractAsyncContextManager[None]:
        """Call `sink` for each frame of one order while the context is open.

        Entered once frames published from then on will arrive, or at once when the channel is away (it comes back by
        itself). Leaving ends this subscription only, never another's. A sink must not block or raise.
        """
        ...

    def subscribe_all(self, sink: Sink) -> AbstractAsyncContextManager[None]:
        """Return the same for the frames of all orders."""
        ...
