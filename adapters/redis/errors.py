"""The one translation of Redis errors to the queue port's."""

from collections.abc import Iterator
from contextlib import contextmanager

from redis.exceptions import RedisError

from application.ports.errors import Overloaded, QueueUnavailable


@contextmanager
def translated() -> Iterator[None]:
    """Raise QueueUnavailable for whatever Redis, the way to it or our own limits report.

    Its text names the kind of error only: addresses and passwords may be in the text of the cause.
    """
    try:
        yield
    except (RedisError, OSError, Overloaded) as error:  # OSError: TimeoutError is one
        raise QueueUnavailable(f"the queue cannot be reached ({type(error).__name__})") from error
