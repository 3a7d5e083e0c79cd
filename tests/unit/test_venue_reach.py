"""Which failed calls to a venue mean that nothing was heard of it."""

import errno
import os
import socket
import ssl

import httpcore
import pytest

from adapters.reach import is_unreachable


def from_causes(error: Exception, *causes: BaseException) -> Exception:
    """Chain errors as drivers do, the last cause innermost."""
    chained: BaseException = error
    for cause in causes:
        chained.__cause__ = cause
        chained = cause
    return error


def failed(code: int) -> OSError:
    return OSError(code, os.strerror(code))


def connecting(*causes: BaseException) -> Exception:
    return from_causes(httpcore.ConnectError("All connection attempts failed"), *causes)


@pytest.mark.parametrize(
    "error",
    [
        httpcore.ConnectTimeout("no answer"),
        connecting(OSError("all failed"), failed(errno.EHOSTUNREACH)),
        connecting(OSError("all failed"), failed(errno.ENETUNREACH)),
        connecting(OSError("all failed"), failed(errno.EINVAL)),  # a route that drops all
        connecting(OSError("all failed"), failed(errno.EACCES)),  # one that prohibits it
        connecting(socket.gaierror(socket.EAI_AGAIN, "try again")),
        connecting(ExceptionGroup("", [failed(errno.ENETUNREACH), failed(errno.ETIMEDOUT)])),
        from_causes(httpcore.ReadError(""), failed(errno.ETIMEDOUT)),  # TCP_USER_TIMEOUT
    ],
    ids=repr,
)
def test_silence_is_unreachable(error: Exception) -> None:
    assert is_unreachable(error)


@pytest.mark.parametrize(
    "error",
    [
        connecting(OSError("all failed"), failed(errno.ECONNREFUSED)),
        connecting(ExceptionGroup("", [failed(errno.ENETUNREACH), failed(errno.ECONNREFUSED)])),
        connecting(ssl.SSLCertVerificationError(1, "certificate has expired")),
        connecting(failed(errno.ECONNRESET)),
        connecting(socket.gaierror(socket.EAI_NONAME, "no such name")),
        from_causes(httpcore.ReadError(""), failed(errno.ECONNRESET)),
        httpcore.RemoteProtocolError("Server disconnected"),
        httpcore.ReadTimeout("too slow"),
    ],
    ids=repr,
)
def test_what_answers_badly_is_not(error: Exception) -> None:
    assert not is_unreachable(error)
