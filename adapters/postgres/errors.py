"""The one translation of what psycopg raises into what the port promises."""

from copy import copy
from typing import Literal, TypeVar

import psycopg

from application import observe
from application.ports.errors import DataRefused, PortError, StoreUnavailable

Raised = TypeVar("Raised", bound=PortError)

_DATA_CLASSES = ("22", "23")  # bad values; broken constraints
_IDS_USED_UP = "2200H"  # counted among bad values, but no row of the batch is to blame
_DISK_FULL = "53100"
# An id of 64 bits that its column of fewer cannot hold is out of range as a value is; these say which it was.
_OUT_OF_RANGE, _NARROWED = "22003", frozenset({"int84", "int82", "i4toi2"})
_LOCK_NOT_AVAILABLE = "55P03"
# Deadlock, serialization failure, and a row that another transaction just made: all are over in the next snapshot.
_PASSING = frozenset({"40P01", "40001", "23505"})

_LANDED_ONCE = "executions_landed_once"


def is_passing(error: psycopg.Error) -> bool:
    """Whether the same statement, run again, can be expected to do better."""
    return error.sqlstate in _PASSING and not is_of_used_transaction(error)


def is_of_used_transaction(error: psycopg.Error) -> bool:
    """Whether another order was confirmed with the transaction of some row."""
    return error.diag.constraint_name == _LANDED_ONCE


def is_of_one_row(error: psycopg.Error | UnicodeEncodeError) -> bool:
    """Whether one row of a batch is to blame, so that its neighbours can be written without it."""
    return is_of_data(error) or (isinstance(error, psycopg.Error) and error.sqlstate == _LOCK_NOT_AVAILABLE)


def is_of_data(error: psycopg.Error | UnicodeEncodeError) -> bool:
    """Whether a value is one that the store can never hold."""
    if isinstance(error, UnicodeEncodeError):
        return True
    if error.sqlstate is None:
        return isinstance(error, psycopg.DataError)
    return error.sqlstate[:2] in _DATA_CLASSES and not is_full(error)


def is_full(error: psycopg.Error) -> bool:
    """Whether the store can hold no more, whatever it is given: no room, or no id, is left."""
    narrowed = error.sqlstate == _OUT_OF_RANGE and error.diag.source_function in _NARROWED
    return narrowed or error.sqlstate in (_IDS_USED_UP, _DISK_FULL)


def translated(
    error: psycopg.Error | UnicodeEncodeError | TimeoutError, accepted: Literal[False, "unknown"] = False
) -> PortError:
    """Return the port's error, chained to the driver's; `accepted` is what is known of the write.

    The text names the SQLSTATE at most: the driver's own can hold SQL, values and hosts.
    """
    if not isinstance(error, TimeoutError) and is_of_data(error):
        return _chained(DataRefused(f"the store refuses the data ({_state(error)})"), error)
    if isinstance(error, psycopg.Error) and is_full(error):
        observe.store_full(_state(error))
    return _chained(StoreUnavailable(f"the store is away ({_state(error)})", accepted), error)


def for_one_more(error: Raised) -> Raised:
    """Return an equal error: one that several callers raise would collect all their tracebacks."""
    return _chained(copy(error), error.__cause__)


def after_a_write(error: StoreUnavailable) -> StoreUnavailable:
    """Return the error for a caller whose write was sent, and whose outcome could then not be read."""
    return _chained(StoreUnavailable(str(error), "unknown"), error.__cause__)


def _chained(error: Raised, cause: BaseException | None) -> Raised:
    error.__cause__ = cause
    return error


def _state(error: Exception) -> str:
    return getattr(error, "sqlstate", None) or type(error).__name__
