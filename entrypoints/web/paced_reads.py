"""Reading in small pieces: one connection's bytes never hold up the others, and never pile up here."""

import asyncio
from collections.abc import Callable
from typing import Any


class PacedReads:
    """A transport that hands on what arrives in pieces, one each turn of the event loop, none while paused or closing.

    More than a piece at once, or while it is paused, waits: what was read already in here, all else in the client.
    Whoever pauses says why, and is the one to resume. All else is the `plain` transport's.
    """

    def __init__(
        self,
        plain: asyncio.Transport,
        loop: asyncio.AbstractEventLoop,
        hand_on: Callable[[bytes], None],
        piece_bytes: int,
    ) -> None:
        self.plain = plain
        self.write, self.is_closing = plain.write, plain.is_closing  # often called, and slow by __getattr__
        self._call_soon = loop.call_soon
        self._hand_on: Callable[[bytes], None] | None = hand_on
        self._piece_bytes = piece_bytes
        self._waiting = b""
        self._paused_for: set[str] = set()
        self._plain_paused = self._turn_booked = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self.plain, name)

    @property
    def waiting(self) -> bool:
        """Whether bytes that have arrived are not handed on yet."""
        return bool(self._waiting)

    def take(self, data: bytes) -> None:
        """Hand on what arrived, at once if it is little."""
        if self._hand_on is None:
            return
        if self._paused_for or self._waiting or len(data) > self._piece_bytes:
            self._waiting += data
            self._pause_plain()
            self._book_turn()
        else:
            self._hand_on(data)

    def pause_reading(self, reason: str = "") -> None:
        """Hand on nothing more until this reason is gone."""
        self._paused_for.add(reason)
        self._pause_plain()

    def resume_reading(self, reason: str = "") -> None:
        """Go on, in the next turn, unless there is another reason not to."""
        self._paused_for.discard(reason)
        self._book_turn()

    def end(self) -> bytes:
        """Hand on nothing any more; return what waits. The plain transport reads on, for whoever comes next."""
        waiting, self._waiting, self._hand_on = self._waiting, b"", None
        self._resume_plain()
        return waiting

    def _book_turn(self) -> None:
        if self._plain_paused and not self._paused_for and not self._turn_booked:
            self._turn_booked = True
            self._call_soon(self._turn)

    def _turn(self) -> None:
        self._turn_booked = False
        if self._paused_for or self._hand_on is None or self.is_closing():
            return
        piece, self._waiting = self._waiting[: self._piece_bytes], self._waiting[self._piece_bytes :]
        if piece:
            self._hand_on(piece)
        if self._waiting:
            self._book_turn()
        elif not self._paused_for:
            self._resume_plain()

    def _pause_plain(self) -> None:
        if not self._plain_paused:
            self._plain_paused = True
            self.plain.pause_reading()

    def _resume_plain(self) -> None:
        if self._plain_paused:
            self._plain_paused = False
            if not self.is_closing():
                self.plain.resume_reading()
