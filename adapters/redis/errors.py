"""The one translation of Redis errors to the queue port's."""

from contextlib import AbstractContextManager
from types import TracebackType

from redis.exceptions import RedisError

from application.ports.errors import Overloaded, QueueUnavailable


def translated() -> AbstractContextManager[None]:
    """Raise QueueUnavailable for whatever Redis, the way to it or our own limits report.

    Its text names the kind of error only: addresses and passwords may be in the text of the cause.
    """
    return _TRANSLATION


class _Translation:
    """Holds nothing, so one serves all; a generator's context would cost each call of the queue 2 us."""

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if isinstance(error, RedisError | OSError | Overloaded):  # OSError: TimeoutError is one
            raise QueueUnavailable(f"the queue cannot be reached ({type(error).__name__})") from error


_TRANSLATION = _Translation()
