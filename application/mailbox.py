"""Where live frames wait for one follower: bounded, so that a follower that does not read costs little."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from attrs import define, field

from application.errors import SlowWatcher
from application.frames import Frame

MAILBOX_FRAMES = 256
MAILBOX_BYTES = 1 << 20

TooSlow = Callable[[], None]


def ignore() -> None:
    """Do nothing: the follower learns that it is too slow when it asks for its next frame."""


@define(eq=False)
class Mailbox:
    """Frames that a feed puts in and one follower takes out.

    A follower that waits for frames is not slow: what comes at once, before it has its turn, counts by bytes alone.
    `too_slow` is called once, when a frame does not fit, also while the follower is held up with an earlier frame. It
    must not block or raise.
    """

    too_slow: TooSlow = ignore
    _frames: deque[Frame] = field(factory=deque)
    _bytes: int = 0
    _arrived: asyncio.Event = field(factory=asyncio.Event)
    _waiting: bool = False
    _woken: bool = False
    _overflowed: bool = False

    def put(self, frame: Frame) -> None:
        """Take a frame; beyond the bounds, forget all and remember only that the follower is too slow."""
        if self._overflowed:
            return
        self._frames.append(frame)
        self._bytes += _size(frame)
        self._arrived.set()
        if self._bytes > MAILBOX_BYTES or (len(self._frames) > MAILBOX_FRAMES and not self._waiting):
            self._overflowed = True
            self._frames.clear()
            self.too_slow()

    def wake(self) -> None:
        """Make `next` return None once the frames are out."""
        self._woken = True
        self._arrived.set()

    async def next(self) -> Frame | None:
        """Return the next frame; None when woken. Raises SlowWatcher, and so for ever, when a frame did not fit."""
        while not (self._frames or self._woken or self._overflowed):
            await self._wait()
        self._require_room()
        if self._frames:
            frame = self._frames.popleft()
            self._bytes -= _size(frame)
            return frame
        self._woken = False
        return None

    async def all(self) -> Sequence[Frame]:
        """Return all frames that wait, at least one. Raises SlowWatcher as `next` does."""
        while not (self._frames or self._overflowed):
            await self._wait()
        self._require_room()
        frames, self._frames, self._bytes = self._frames, deque(), 0
        return frames

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Have the follower counted as one that waits, whatever it does meanwhile."""
        self._waiting = True
        try:
            yield
        finally:
            self._waiting = False

    def _require_room(self) -> None:
        if self._overflowed:
            raise SlowWatcher("too many frames are waiting")

    async def _wait(self) -> None:
        self._arrived.clear()
        with self.waiting():
            await self._arrived.wait()


def _size(frame: Frame) -> int:
    return len(frame.text) if frame.text.isascii() else len(frame.text.encode())
