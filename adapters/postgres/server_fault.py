"""Finds out why a Postgres cannot be used, and says it without its URL's values.

psycopg tells of a refused session in the server's own words, in the server's language; libpq's trace has the SQLSTATE.
"""

import asyncio
import os
import re
import select
import tempfile
import time

import psycopg
from psycopg import pq

from adapters.postgres.connector import Connector
from adapters.postgres.sessions import SESSION
from application.ports.errors import StoreUnfit
from application.ports.server_fault import (
    AWAY,
    CERTIFICATE,
    CERTIFICATE_FILE,
    HOST_SILENT,
    HOST_UNKNOWN,
    LOGIN_REFUSED,
    NO_PASSWORD,
    ServerFault,
)

LOOK_SECONDS = 6.0  # for all hosts of the URL together
_TRY_SECONDS = 2.0

# By SQLSTATE, or by SQLSTATE and the server's routine, of the message with which the server refuses the session.
_REFUSED = {
    "28P01": LOGIN_REFUSED,
    "28000 InitializeSessionUserId": ServerFault("names a user that the server does not know, or that may not log in"),
    "28000": ServerFault("names a user, a database or a way (TLS or none) that the server's pg_hba.conf lets not in"),
    "3D000": ServerFault("names a database that the server does not have"),
    "42501": ServerFault("names a database that its user may not enter"),
    "42704": ServerFault("has options that the server does not know"),
    "22023": ServerFault("has options with values that the server refuses"),
    "55000": ServerFault("names a database that takes no sessions"),
    "53300": ServerFault("names a server that has no session left", certain=False),
    "57P03": ServerFault("names a server that is starting or stopping", certain=False),
}
# By what libpq says, in English, before or instead of a message of the server; the first that fits.
_SAID = (
    ("no password supplied", NO_PASSWORD),
    ("does not support SSL", ServerFault("asks for TLS, and the server does not speak it")),
    ("root certificate|certificate file|private key|sslcert|sslkey", CERTIFICATE_FILE),
    ("certificate", CERTIFICATE),
    (
        "invalid response|expected authentication|invalid length|protocol",
        ServerFault("names a port where something else than Postgres listens"),
    ),
    ("authentication method", ServerFault("asks for a way of authentication that the server does not offer")),
    ("SSL|TLS|GSSAPI", ServerFault("asks for TLS in a way that the server does not speak")),
    ("read-only|hot standby|not in hot|primary", ServerFault("names no server of the wanted kind", certain=False)),
    ("translate host name|resolve host", HOST_UNKNOWN),
    ("Connection refused", ServerFault("names a host and port where nothing listens", certain=False)),
    ("on socket", ServerFault("names a socket where nothing listens", certain=False)),
    ("timeout|timed out|unreachable|No route", HOST_SILENT),
)


async def postgres_fault(url: str) -> ServerFault | None:
    """Return what is wrong with the server of a URL; None when it can be used. Takes a few seconds at most."""
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            await (await Connector(url, "order-engine").connect(SESSION)).close()
    except StoreUnfit as error:
        return ServerFault(f"names a server that will not do: {error}")
    except TimeoutError:
        return AWAY
    except psycopg.Error as error:
        said = str(error)
        # The second look would wait as long again.
        silent = "timeout" in said and "FATAL" not in said
        return HOST_SILENT if silent else await asyncio.to_thread(_refusal, url, said)
    return None


def _refusal(url: str, said: str) -> ServerFault:
    """Connect once more, and read in the trace what the server says."""
    with tempfile.TemporaryFile() as trace:
        said = f"{said} {_try(url, trace.fileno())}"
        trace.seek(0)
        refusals = re.findall(r'ErrorResponse.* C "(\w{5})".* R "(\w+)"', trace.read().decode(errors="replace"))
    for state, routine in reversed(refusals):
        if fault := _REFUSED.get(f"{state} {routine}") or _REFUSED.get(state):
            return fault
    return next((fault for pattern, fault in _SAID if re.search(pattern, said)), AWAY)


def _try(url: str, trace: int) -> str:
    """Connect with a trace, as far as that goes; return libpq's own words."""
    connection = pq.PGconn.connect_start(url.encode())
    try:
        if hasattr(os, "memfd_create"):  # it is Linux, where alone psycopg can trace
            connection.trace(trace)
        deadline = time.monotonic() + _TRY_SECONDS
        while time.monotonic() < deadline and connection.status != pq.ConnStatus.BAD:
            way = connection.connect_poll()
            if way not in (pq.PollingStatus.READING, pq.PollingStatus.WRITING):
                break
            waiting = [connection.socket]
            reading = way == pq.PollingStatus.READING
            select.select(waiting if reading else (), () if reading else waiting, (), deadline - time.monotonic())
        return connection.get_error_message()
    finally:
        connection.untrace()  # which writes it out
        connection.finish()
