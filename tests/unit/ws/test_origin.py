"""Which pages may open a socket."""

import pytest

from entrypoints.web.ws.socket_server import is_foreign


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        (None, "engine.example"),
        ("http://engine.example", "engine.example"),
        ("https://engine.example", "engine.example"),
        ("http://engine.example:80", "engine.example"),
        ("https://engine.example", "engine.example:443"),
        ("http://localhost:3000", "localhost:3000"),
        ("http://LOCALHOST:3000", "localhost:3000"),
        ("http://[::1]:3000", "[::1]:3000"),
    ],
)
def test_own_pages_and_programs(origin: str | None, host: str) -> None:
    assert not is_foreign(origin, host)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://evil.example", "engine.example"),
        ("http://engine.example.evil.example", "engine.example"),
        ("http://engine.example:8080", "engine.example"),
        ("http://localhost:3001", "localhost:3000"),
        ("http://localhost", "localhost:3000"),
        ("https://engine.example", "engine.example:80"),
        ("http://user@engine.example", "engine.example"),
        ("null", "engine.example"),
        ("file://", ""),
        ("", ""),
        ("http://[", "["),
        ("engine.example", "engine.example"),
        ("http://a,http://b", "a"),
    ],
)
def test_foreign_pages(origin: str, host: str) -> None:
    assert is_foreign(origin, host)
