"""Which names the engine answers to, and which pages are its own."""

import pytest

from entrypoints.web.problems import HttpProblem
from entrypoints.web.site import Site

SITE = Site(("engine.example", ".desk.example"), frozenset({"https://desk.example"}))


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "127.0.0.1:3000", "10.1.2.3:80", "[::1]", "[::1]:3000", "[2001:db8::7]:3000"),
        *("localhost", "localhost:3000", "LOCALHOST", "localhost.", "localhost.:80", "a.b.localhost:3000"),
        *("engine.example", "Engine.Example:443", "engine.example.", "a.desk.example", "a.b.desk.example:8443"),
    ],
)
def test_own_names_and_all_addresses(host: str) -> None:
    SITE.check_host(host.encode())
    assert host.encode() in SITE.met


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "evil.example:3000", "engine.example.evil.example", "a.engine.example", "desk.example"),
        *("xdesk.example", "localhost.evil.example", "evillocalhost", "127.0.0.1.evil.example", "localhost.."),
        *(
            "0x7f.1",
            "127.1",
            "2130706433",
            "1.2.3.4.5",
            "[::1]x.localhost.example",
            "[1.2.3]",
            "engine_example",
            "x,localhost",
        ),
    ],
)
def test_other_names(host: str) -> None:
    with pytest.raises(HttpProblem) as refusal:
        SITE.check_host(host.encode())
    assert refusal.value.code in {"misdirected_request", "malformed_request"}
    assert host.encode() not in SITE.met


@pytest.mark.parametrize(
    "host",
    [
        *("", ":3000", "a b", "localhost/", "user@localhost", "localhost:x", "localhost:3000:1", "localhost:300000"),
        *("[::1", "::1", "localhost\\", "http://localhost", "loc\talhost", "\xe9.localhost", "localhost#"),
    ],
)
def test_what_is_no_host(host: str) -> None:
    with pytest.raises(HttpProblem) as refusal:
        SITE.check_host(host.encode())
    assert refusal.value.code == "malformed_request"


def test_names_are_remembered_up_to_a_bound() -> None:
    for number in range(3000):
        SITE.check_host(f"127.0.{number % 250}.{number // 250}".encode())
    assert 0 < len(SITE.met) <= 1000


@pytest.mark.parametrize(
    ("origins", "host"),
    [
        ([], "engine.example"),
        (["http://engine.example"], "engine.example"),
        (["https://engine.example"], "engine.example"),
        (["http://engine.example:80"], "engine.example"),
        (["https://engine.example"], "engine.example:443"),
        (["http://localhost:3000"], "localhost:3000"),
        (["http://LOCALHOST:3000"], "localhost:3000"),
        (["http://[::1]:3000"], "[::1]:3000"),
        (["https://desk.example"], "engine.example"),
        (["https://desk.example", "https://desk.example"], "engine.example"),
    ],
)
def test_own_and_listed_pages_and_programs(origins: list[str], host: str) -> None:
    assert not SITE.is_foreign(origins, [host])


@pytest.mark.parametrize(
    ("origins", "host"),
    [
        (["http://evil.example"], "engine.example"),
        (["http://engine.example.evil.example"], "engine.example"),
        (["http://engine.example:8080"], "engine.example"),
        (["http://localhost:3001"], "localhost:3000"),
        (["http://localhost"], "localhost:3000"),
        (["https://engine.example"], "engine.example:80"),
        (["http://user@engine.example"], "engine.example"),
        (["app://localhost"], "localhost"),
        (["chrome-extension://engine.example"], "engine.example"),
        (["null"], "engine.example"),
        (["file://"], "engine.example"),
        ([""], "engine.example"),
        (["engine.example"], "engine.example"),
        (["http://a,http://engine.example"], "engine.example"),
        (["http://engine.example", "http://evil.example"], "engine.example"),
        (["http://desk.example"], "engine.example"),
        (["https://desk.example:8443"], "engine.example"),
        (["https://a.desk.example"], "engine.example"),
        (["https://desk.example.evil.example"], "engine.example"),
    ],
)
def test_foreign_pages(origins: list[str], host: str) -> None:
    assert SITE.is_foreign(origins, [host])


def test_where_only_tls_is_spoken_no_page_without_it_is_ours() -> None:
    site = Site(secure=True)
    assert site.is_foreign(["http://engine.example"], ["engine.example"])
    assert not site.is_foreign(["https://engine.example"], ["engine.example"])


def test_without_a_host_no_page_is_ours() -> None:
    assert SITE.is_foreign(["http://localhost"], [])
