"""A limit on how long each of many futures may take, with one timer for all: a timer each was 5% of an API's CPU."""

import asyncio
from collections import deque
from typing import Any


class SharedLimit:
    """Sets TimeoutError on whatever is not done `seconds` after `watch`."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._watched: deque[tuple[float, asyncio.Future[Any]]] = deque()  # by deadline, since the limit is the same

    def watch(self, future: "asyncio.Future[Any]") -> None:
        """Have `future` done in time, one way or another."""
        loop = future.get_loop()
        self._watched.append((loop.time() + self._seconds, future))
        if len(self._watched) == 1:
            self._wake(loop)

    def _wake(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.call_at(self._watched[0][0], self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        while self._watched:
            deadline, future = self._watched[0]
            if not future.done():
                if deadline > now:
                    self._wake(loop)
                    return
                future.set_exception(TimeoutError())
            self._watched.popleft()
