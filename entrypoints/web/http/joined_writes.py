"""Writes that go together: a balancer wakes once for many responses, and a head is no packet of its own."""

import asyncio
from typing import Any

MOST_BYTES = 64 * 1024


class JoinedWrites:
    """A transport that passes on what is written in one turn of the event loop at its end, as one piece.

    Earlier when it is closed, by `end`, and once more than MOST_BYTES wait. All else is the `plain` transport's.
    """

    def __init__(self, plain: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self.plain = plain
        self.end = plain.close
        self.is_closing = plain.is_closing  # asked after each response, and slow by __getattr__
        self._call_soon = loop.call_soon
        self._waiting = b""

    def __getattr__(self, name: str) -> Any:
        return getattr(self.plain, name)

    def write(self, data: bytes) -> None:
        """Have `data` sent after all that was written before."""
        if not self._waiting:
            self._call_soon(self.flush)
        self._waiting += data
        if len(self._waiting) > MOST_BYTES:
            self.flush()

    def close(self) -> None:
        """Send what waits, then close."""
        self.flush()
        self.end()

    def write_eof(self) -> None:
        """Send what waits, then say that there is no more."""
        self.flush()
        self.plain.write_eof()

    def flush(self) -> None:
        """Send what waits, unless the connection is gone."""
        waiting, self._waiting = self._waiting, b""
        if waiting and not self.is_closing():
            self.plain.write(waiting)
