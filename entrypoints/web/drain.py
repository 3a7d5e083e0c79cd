"""The way out: not ready any more, and open sockets sent away with a code that says to come back."""

from collections.abc import Iterator
from contextlib import contextmanager

from attrs import define, field
from falcon.asgi import WebSocket

from entrypoints.web import observe
from entrypoints.web.closing import RESTARTING, close


@define(eq=False)
class Drain:
    """Whether this server is on its way out, and the sockets that are open. One for each server."""

    begun: bool = False
    _sockets: set[WebSocket] = field(factory=set)

    @property
    def open_sockets(self) -> int:
        """How many sockets are open."""
        return len(self._sockets)

    @contextmanager
    def holding(self, ws: WebSocket) -> Iterator[None]:
        """Count an accepted socket as open, to be closed by `close_sockets`."""
        self._sockets.add(ws)
        try:
            yield
        finally:
            self._sockets.discard(ws)

    def begin(self) -> None:
        """Stop being ready; sockets that open from now on are sent away at once."""
        if not self.begun:
            self.begun = True
            observe.draining(len(self._sockets))

    async def close_sockets(self) -> None:
        """Close every open socket with 1012."""
        for ws in tuple(self._sockets):
            await close(ws, RESTARTING)
