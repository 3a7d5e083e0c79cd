"""Telling a venue that nothing was heard of from one that answered badly, late, or with a refusal."""

import errno
import socket
import ssl
from collections.abc import Iterator

import httpcore

# What the kernel says when nothing came back, or when it knows of no way there (EINVAL and EACCES: by a route that says
# so). Others, such as a connection that is refused or reset, are answers.
_SILENCE = frozenset(
    {
        errno.ETIMEDOUT,
        errno.EHOSTUNREACH,
        errno.ENETUNREACH,
        errno.EHOSTDOWN,
        errno.ENETDOWN,
        errno.EINVAL,
        errno.EACCES,
        errno.EPERM,
    }
)


def is_unreachable(error: Exception) -> bool:
    """Whether nothing was heard of the venue: no TCP or TLS in time, no way there, no word for what was sent."""
    if isinstance(error, httpcore.ConnectTimeout):
        return True
    reasons = list(_reasons(error))
    return bool(reasons) and all(map(_is_silence, reasons))


def _is_silence(error: BaseException) -> bool:
    if isinstance(error, socket.gaierror):
        return error.errno == socket.EAI_AGAIN  # another code is the name server's answer
    if isinstance(error, ssl.SSLError):
        return False  # an answer; its number is not the system's
    return isinstance(error, OSError) and error.errno in _SILENCE


def _reasons(error: BaseException) -> Iterator[BaseException]:
    """Yield what an error goes back to: several, where several addresses were tried."""
    if isinstance(error, BaseExceptionGroup):
        for part in error.exceptions:
            yield from _reasons(part)
    elif cause := error.__cause__ or error.__context__:
        yield from _reasons(cause)
    else:
        yield error
