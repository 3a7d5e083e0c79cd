"""A transport that keeps what it was told."""

import asyncio
from typing import Any


class Recorder(asyncio.Transport):
    """Sends nothing anywhere. What is written after its end is kept as such: there should be none."""

    def __init__(self, peer: object = "somebody") -> None:
        super().__init__(extra={"peername": peer})
        self.sent: list[bytes] = []
        self.closed = False

    def write(self, data: Any) -> None:
        self.sent.append(b"after the end: " + data if self.closed else data)

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = True

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass
