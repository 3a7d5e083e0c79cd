"""Finds out why a Redis cannot be used, and says it without its URL's values."""

import asyncio
import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from redis.asyncio import Redis
from redis.exceptions import InvalidResponse, NoPermissionError, RedisError
from redis.exceptions import TimeoutError as RedisTimeout

from adapters.redis.clients import queue_client
from adapters.redis.keys import STREAM
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

LOOK_SECONDS = 2.0
OLDEST_REDIS, OLDEST_VALKEY = (7, 0), (7, 2)

# By what the server says when it refuses a session, in English always; the first that fits.
_REFUSED = (
    ("WRONGPASS|invalid username-password", LOGIN_REFUSED),
    ("without any password configured|no password is set", ServerFault("has a password, and the server has none")),
    ("NOAUTH|Authentication required", NO_PASSWORD),
    ("DB index|invalid DB|SELECT is not allowed", ServerFault("names a database number that the server does not have")),
    ("NOPERM|no permissions|No permissions", ServerFault("names a user that may not do what the queue needs")),
    ("protected mode", ServerFault("has no password, and the server asks for one (it is in protected mode)")),
)
_TLS = ServerFault("asks for TLS (rediss://), and what listens there does not speak it")
_NOTHING = ServerFault("names a host and port, or a socket, where nothing listens", certain=False)
# What TLS says when the trouble is a file of ours.
_OF_A_FILE = (None, "NO_CERTIFICATE_OR_CRL_FOUND", "KEY_VALUES_MISMATCH")
_TLS_ALONE = ServerFault("asks for no TLS, and the server speaks nothing else: rediss://")
_OTHER = ServerFault("names a port where something else than Redis listens")


async def redis_fault(url: str) -> ServerFault | None:
    """Return what is wrong with the server of a URL; None when it can be used. Takes two seconds at most."""
    client = queue_client(url, 1)
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            return await _looked(client)
    except (RedisError, OSError) as error:  # TimeoutError is one
        is_file = url.startswith("unix:")
        fault = _fault(error, is_file=is_file)
        if is_file or fault not in (AWAY, HOST_SILENT, _OTHER):
            return fault
        return await _tls_fault(url) or fault
    finally:
        await client.aclose()


async def _looked(client: Redis) -> ServerFault | None:
    await client.eval("return redis.call('EXISTS', KEYS[1])", 1, STREAM)
    try:
        about: Mapping[str, Any] = await client.info("server")
    except NoPermissionError:
        return None  # it may well do; nobody else can say how old it is
    name, oldest = ("Valkey", OLDEST_VALKEY) if "valkey_version" in about else ("Redis", OLDEST_REDIS)
    version = str(about.get(f"{name.lower()}_version", ""))
    if (numbers := tuple(map(int, re.findall(r"\d+", version)[:2]))) and numbers < oldest:
        wanted = ".".join(map(str, oldest))
        return ServerFault(f"names {name} {version}, and {wanted} is the oldest that will do")
    return None


async def _tls_fault(url: str) -> ServerFault | None:
    """Try the other way, with TLS or without, and with no password: it may be what the server speaks."""
    parts = urlsplit(url)
    to_tls = parts.scheme == "redis"
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        async with asyncio.timeout(1):
            reader, writer = await asyncio.open_connection(
                parts.hostname or "localhost", parts.port or 6379, ssl=context if to_tls else None
            )
            try:
                writer.write(b"PING\r\n")
                said = await reader.readline()
            finally:
                writer.close()
                await writer.wait_closed()
    except (OSError, ValueError):
        return None
    spoke_redis = said.startswith((b"+PONG", b"-NOAUTH", b"-DENIED"))
    return (_TLS_ALONE if to_tls else _TLS) if spoke_redis else None


def _fault(error: Exception, *, is_file: bool) -> ServerFault:
    causes = list(_chain(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return CERTIFICATE
        if isinstance(cause, ssl.SSLError):
            return CERTIFICATE_FILE if cause.reason in _OF_A_FILE else _TLS
        if isinstance(cause, socket.gaierror):
            return HOST_UNKNOWN
        if isinstance(cause, FileNotFoundError):
            return _NOTHING if is_file else CERTIFICATE_FILE
        if isinstance(cause, ConnectionRefusedError):
            return _NOTHING
    said = " ".join(map(str, causes))
    fault = next((fault for pattern, fault in _REFUSED if re.search(pattern, said)), None)
    if fault:
        return fault
    if any(isinstance(cause, TimeoutError | RedisTimeout) for cause in causes):
        return HOST_SILENT
    return _OTHER if any(isinstance(cause, InvalidResponse) for cause in causes) else AWAY


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
