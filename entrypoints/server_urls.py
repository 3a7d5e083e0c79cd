"""How the URLs of Postgres and Redis are read: as their drivers read them, and with all that these find out later.

No text holds a value of the URL: what a driver takes for an option or a port may be a piece of the password.
"""

import ipaddress
import re
from urllib.parse import unquote, urlsplit

from entrypoints.setting_types import WrongValue

_NOT_POSTGRES = "must be a URL that starts with postgresql:// or postgres://, or `name=value` pairs as libpq takes them"
_NOT_REDIS = "must be a URL that starts with redis:// or rediss:// or unix://"
_PORT = "has a port that is no number from 1 to 65535; in a password, : / ? # @ % are written %3A %2F %3F %23 %40 %25"
# By what libpq says of a connection string; the first that fits. A name in brackets is of libpq's own.
_SAID = (
    ("percent-encoded", "has a % that is not followed by two hexadecimal digits (a % itself is written %25), or %00"),
    (
        '(?:invalid URI query parameter:|invalid connection option) "([a-z_]+)"',
        "has an option that libpq does not know: {}",
    ),
    ("invalid URI query parameter|invalid connection option", "has an option that libpq does not know"),
    ("query parameter", "has an option without a value, or with two"),
    ('for connection option "port"|invalid port number', _PORT),
    ("could not match", "needs one port for all its hosts, or one for each; addresses likewise"),
    ("IPv6|network address", "has an IP address that is none; one of IPv6 stands in [brackets]"),
    ('invalid integer value .*option "([a-z_]+)"', "has a value for {} that is no whole number"),
    ('invalid "?([a-z_]+)"? value', "has a value for {} that libpq does not know"),
    ("weak sslmode", "has an sslmode that is too weak for its other options"),
    ("service", "names a service that no service file defines"),
    ('missing "="|quoted string|separator|unexpected character', _NOT_POSTGRES),
)
_WHOLE_NUMBERS = (
    "connect_timeout",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_count",
    "tcp_user_timeout",
)
# What a URL may say of its own. The rest of redis-py's options are for us to choose, or are no text.
_REDIS_OPTIONS = {
    *(
        "db",
        "username",
        "password",
        "client_name",
        "health_check_interval",
        "socket_connect_timeout",
        "socket_keepalive",
    ),
    *(
        "ssl_ca_certs",
        "ssl_ca_path",
        "ssl_certfile",
        "ssl_keyfile",
        "ssl_password",
        "ssl_cert_reqs",
        "ssl_check_hostname",
    ),
    *("ssl_min_version", "ssl_ciphers"),
}


def postgres_url(value: str) -> str:
    """Take what libpq takes: a URL, also of several hosts, or `name=value` pairs."""
    if not re.match(r"postgres(ql)?://|[a-z_]+\s*=", value):
        raise WrongValue(_NOT_POSTGRES)
    import psycopg  # only for those who name a server

    try:
        said = _said_by_libpq(value)
    except (psycopg.Error, UnicodeError) as error:
        said = str(error)
    if said:
        raise WrongValue(
            _sentence(said if _shows_no_secret(value) else re.sub('(parameter:|option) "[a-z_]+"', r"\1", said))
        )
    return value


def _said_by_libpq(value: str) -> str:
    """Return what libpq has against a connection string, without connecting to anything."""
    from psycopg import pq
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    given = {name: str(text) for name, text in conninfo_to_dict(value).items() if text is not None}
    for name in _WHOLE_NUMBERS:
        if not re.fullmatch(r"\s*-?[0-9]{1,9}\s*", given.get(name, "0")):
            return f'invalid integer value for connection option "{name}"'
    addresses = [address for address in given.pop("hostaddr", "").split(",") if address]
    hosts = given.get("host", "").split(",")
    if addresses and "host" in given and len(addresses) != len(hosts):
        return "could not match"
    for address in addresses:
        try:
            ipaddress.ip_address(address)
        except ValueError:
            return "network address"
    nowhere = ",".join(["/order-engine/nowhere"] * max(len(hosts), len(addresses)))
    said = pq.PGconn.connect_start(make_conninfo(**{**given, "host": nowhere}).encode()).get_error_message()
    return "" if "/order-engine/nowhere" in said and "invalid" not in said else said


def _shows_no_secret(value: str) -> bool:
    """Whether the name of an option cannot be a piece of a password that holds a ? or a blank."""
    return "@" not in value.partition("?")[2] if "://" in value else "password" not in value


def _sentence(said: str) -> str:
    for pattern, sentence in _SAID:
        if found := re.search(pattern, said):
            return sentence.format(*found.groups())
    return "is no connection string that libpq takes"


def redis_url(value: str) -> str:
    """Take a URL that redis-py takes, with the options that are a URL's to choose."""
    if not re.match(r"(rediss?|unix)://", value):
        raise WrongValue(_NOT_REDIS)
    try:
        parts = urlsplit(value)
    except ValueError:
        raise WrongValue("has an IPv6 address that is none, or without its [brackets]") from None
    if "," in parts.netloc.rpartition("@")[2]:
        raise WrongValue("names more than one host, and Redis' URLs have one")
    try:
        if parts.port == 0:
            raise ValueError
    except ValueError:
        raise WrongValue(_PORT) from None
    if parts.scheme != "unix" and not re.fullmatch(r"/?|/[0-9]{1,9}/?", unquote(parts.path)):
        raise WrongValue("has a database that is no number: after the host and port comes /0, say")
    _check_redis_options(value, parts.scheme)
    return value


def _check_redis_options(value: str, scheme: str) -> None:
    from redis.asyncio.connection import ConnectionPool, parse_url
    from redis.exceptions import RedisError

    try:
        options = parse_url(value).keys() - {"host", "port", "path", "connection_class"}
        if unknown := sorted(options - _REDIS_OPTIONS):
            named = f": {unknown[0]}" if unknown[0].isidentifier() and _shows_no_secret(value) else ""
            raise WrongValue(f"has an option that is not for it to choose{named}")
        if scheme != "rediss" and any(name.startswith("ssl_") for name in options):
            raise WrongValue("has an option for TLS, and only rediss:// asks for TLS")
        ConnectionPool.from_url(value).make_connection()  # type: ignore[no-untyped-call]  # which connects to nothing
    except WrongValue:
        raise
    except (RedisError, TypeError, ValueError):
        raise WrongValue("has an option with a value that it cannot have") from None
