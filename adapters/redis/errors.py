"""The one translation of Redis errors to the queue port's."""

from contextlib import AbstractContextManager
from types import TracebackType

from redis.exceptions import NoPermissionError, OutOfMemoryError, RedisError, ResponseError

from application.ports.errors import Overloaded, QueueUnavailable

WORDS_MOST = 200
# Answers whose words say what to mend, and quote neither addresses nor passwords.
_WITH_WORDS = (ResponseError, NoPermissionError, OutOfMemoryError)


def translated() -> AbstractContextManager[None]:
    """Raise QueueUnavailable for whatever Redis, the way to it or our own limits report.

    Its text names the kind of error, and the server's words only where they can hold no address and no password.
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
            words = f": {str(error)[:WORDS_MOST]}" if type(error) in _WITH_WORDS else ""
            raise QueueUnavailable(f"the queue cannot be reached ({type(error).__name__}{words})") from error


_TRANSLATION = _Translation()
