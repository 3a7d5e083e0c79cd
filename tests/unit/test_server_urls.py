"""URLs of servers are read as their drivers read them; each mistake says which it is, and never what stands there."""

import pytest

from entrypoints.server_urls import postgres_url, redis_url
from entrypoints.setting_types import WrongValue

SECRET = "hunter2"


@pytest.mark.parametrize(
    "value",
    [
        "postgresql://h1:5432,h2:5433/db",
        "postgresql://u:p@h1,h2:5433,h3/db?target_session_attrs=read-write",
        "postgresql://[::1]:5432,[fe80::1]/db",
        "postgresql:///db?host=/var/run/postgresql&port=5433",
        "postgresql:///db?host=h1,h2&port=1,2",
        "postgresql://h1,h2/db?hostaddr=::1,127.0.0.1",
        "postgresql://%2Fvar%2Frun/db",
        "postgresql://u:100%25@h/d%20b",
        "postgres://",
        "host=h1,h2 port=5432 dbname=db password='a b'",
    ],
)
def test_what_libpq_takes_is_taken(value: str) -> None:
    assert postgres_url(value) == value


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("mysql://u:hunter2@h/db", "must be a URL that starts with postgresql:// or postgres://"),
        ("h.internal", "must be a URL that starts with"),
        ("postgresql://u:hunter2%@h/db", "has a % that is not followed by two hexadecimal digits"),
        ("postgresql://u:hunter2%zz@h/db", "has a % that"),
        ("postgresql://u:x%00hunter2@h/db", "%00"),
        ("postgresql://h/db?foo=1", "does not know: foo$"),
        ("host=h foo=1", "does not know: foo$"),
        ("host=h password=my hunter2=1", "that libpq does not know$"),
        ("postgresql://u:hunter2/x@h/db", "has a port"),
        ("postgresql://h:1_0/db", "has a port"),
        ("postgresql://h:\u0661\u0660/db", "has a port"),
        ("postgresql://h:0/db", "has a port"),
        ("postgresql://h1,h2,h3:65536/db", "has a port"),
        ("postgresql://h1,h2/db?port=1,2,3", "one port for all its hosts, or one for each"),
        ("postgresql://[::1/db", "has an IP address that is none"),
        ("postgresql://h/db?hostaddr=h", "has an IP address that is none"),
        ("postgresql://h/db?sslmode=hunter2", "has a value for sslmode"),
        ("postgresql://h/db?target_session_attrs=any1", "has a value for target_session_attrs"),
        ("postgresql://h/db?connect_timeout=1e3", "has a value for connect_timeout that is no whole number"),
        ("postgresql://h/db?sslmode", "has an option without a value"),
        ("service=hunter2", "names a service"),
        ("postgresql://u:hunter2\udcff@h/db", "is no connection string"),
    ],
)
def test_what_libpq_refuses_sooner_or_later_is_said(value: str, says: str) -> None:
    with pytest.raises(WrongValue, match=says) as caught:
        postgres_url(value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "value",
    [
        "redis://",
        "redis://:a%b@h:6380/15",
        "redis://[::1]:6379",
        "redis://h?db=3&health_check_interval=30",
        "rediss://u:p@h/0?ssl_cert_reqs=none&ssl_min_version=771",
        "unix:///run/redis.sock?db=1",
    ],
)
def test_what_redis_py_takes_is_taken(value: str) -> None:
    assert redis_url(value) == value


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("http://:hunter2@h", "must be a URL that starts with redis://"),
        ("redis://:hunter2/x@h/0", "has a port"),
        ("redis://h:0", "has a port"),
        ("redis://[::1", "has an IPv6 address that is none"),
        ("redis://:p@h1:1,h2:2/0", "names more than one host"),
        ("redis://h/hunter2", "has a database that is no number"),
        ("redis://h/1_0", "has a database that is no number"),
        ("redis://h/\u0661", "has a database that is no number"),
        ("redis://h?foo=1", "has an option .*: foo$"),
        ("redis://h?decode_responses=0", "has an option .*: decode_responses$"),
        ("redis://:p?hunter2=1@h/0", "has a port|has an option"),
        ("redis://h?db=hunter2", "has an option with a value that it cannot have"),
        ("rediss://h?ssl_cert_reqs=hunter2", "has an option with a value that it cannot have"),
        ("redis://h?ssl_cert_reqs=none", "only rediss:// asks for TLS"),
    ],
)
def test_what_redis_py_refuses_sooner_or_later_is_said(value: str, says: str) -> None:
    with pytest.raises(WrongValue, match=says) as caught:
        redis_url(value)
    assert SECRET not in str(caught.value)
