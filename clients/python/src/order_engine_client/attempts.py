"""Whether a call that failed is tried again, and when: one rule for all calls, sync or async."""

import random
import time
from collections.abc import Callable
from typing import Any

from order_engine_client.calls import Call
from order_engine_client.errors import NoAnswer, OrderEngineError, Refused, Unreachable

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.2, 2.0

OnRetry = Callable[[OrderEngineError, float], None]


class Attempts:
    """The attempts of one call, for up to `patience` seconds.

    Again, with the same key: what was not done for sure (nobody was there, a limit, an engine that took nothing), and
    what may be said twice. The pauses double, after the time that a refusal asks for.
    `on_retry` hears of each trouble and of the seconds until the next attempt; what it raises ends the call.
    """

    def __init__(self, call: Call[Any], patience: float, on_retry: OnRetry | None) -> None:
        self._call, self._on_retry = call, on_retry
        self._give_up = time.monotonic() + patience
        self._backoff = Backoff()
        self._maybe_done = False

    def pause_after(self, error: OrderEngineError) -> float:
        """Return how many seconds to wait before the next attempt; raise what there is to raise if there is none."""
        self._maybe_done = self._maybe_done or error.maybe_done
        error.idempotency_key, error.maybe_done = self._call.idempotency_key, self._maybe_done
        pause = self._pause(error)
        if pause is None or time.monotonic() + pause >= self._give_up:
            raise error
        if self._on_retry is not None:
            self._on_retry(error, pause)
        return pause

    def _pause(self, error: OrderEngineError) -> float | None:
        if error.maybe_done and not self._call.repeatable:
            return None
        if isinstance(error, Refused):
            return None if error.retry_after is None else error.retry_after + self._backoff.next()
        return self._backoff.next() if isinstance(error, NoAnswer | Unreachable) else None


class Backoff:
    """Pauses that double, each of its length or up to half less: many clients do not come back at once."""

    def __init__(self) -> None:
        self._pause = FIRST_PAUSE_SECONDS

    def next(self) -> float:
        """Return the next pause, in seconds."""
        pause, self._pause = self._pause, min(self._pause * 2, LONGEST_PAUSE_SECONDS)
        return random.uniform(pause / 2, pause)  # noqa: S311 - no secret

    def reset(self) -> None:
        """Begin anew: all was well."""
        self._pause = FIRST_PAUSE_SECONDS
