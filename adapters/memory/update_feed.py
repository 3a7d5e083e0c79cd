"""The live channel within one process."""

from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from application import observe
from application.frames import Frame
from application.ports.update_feed import Sink


class InMemoryUpdateFeed:
    """An `UpdateFeed` that calls the sinks within `publish`. Needs no opening."""

    def __init__(self) -> None:
        self._sinks: dict[str | None, dict[object, Sink]] = {}

    async def open(self) -> None:
        """Do nothing: there is nothing to open."""

    async def close(self) -> None:
        """Do nothing: there is nothing to close."""

    async def ping(self) -> None:
        """Return: memory is always there."""

    def publish(self, frames: Iterable[Frame]) -> None:
        for frame in frames:
            sinks = (*self._sinks.get(frame.order_id, {}).values(), *self._sinks.get(None, {}).values())
            for sink in sinks:
                try:
                    sink(frame)
                except Exception as error:  # one sink's mistake must not reach its neighbours or the publisher
                    observe.sink_failed(frame.order_id, error)

    def subscribe(self, order_id: str, sink: Sink) -> AbstractAsyncContextManager[None]:
        return self._listening(order_id, sink)

    def subscribe_all(self, sink: Sink) -> AbstractAsyncContextManager[None]:
        return self._listening(None, sink)

    @asynccontextmanager
    async def _listening(self, order_id: str | None, sink: Sink) -> AsyncIterator[None]:
        key = object()
        self._sinks.setdefault(order_id, {})[key] = sink
        try:
            yield
        finally:
            del self._sinks[order_id][key]
            if not self._sinks[order_id]:
                del self._sinks[order_id]
