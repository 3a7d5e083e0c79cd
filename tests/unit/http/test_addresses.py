"""A client's address is the connection's own, or what proxies that are trusted tell of it; nobody else is believed."""

from ipaddress import ip_network

import pytest

from adapters.memory.authenticator import InMemoryAuthenticator
from application.caller import ANYONE
from application.ports.authenticator import Grant
from entrypoints.web.addresses import HOPS_MOST, Proxies
from entrypoints.web.site import Site
from tests.api import CLOCK, Engine, running_api
from tests.unit.http.wire import get, post_in_chunks, say

OURS = Proxies((ip_network("10.0.0.0/8"), ip_network("fd00::/8"), ip_network("127.0.0.1")))


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("evil, 198.51.100.1, 203.0.113.7", "203.0.113.7"),
        ("203.0.113.7, 10.2.3.4", "203.0.113.7"),
        ("198.51.100.1,203.0.113.7 ,\t10.2.3.4, fd00::5", "203.0.113.7"),
        ("10.9.9.9, 10.2.3.4", "10.9.9.9"),
        ("203.0.113.7:4711", "203.0.113.7"),
        ("[2001:db8::7]:4711", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("2001:0db8:0::0007", "2001:db8::7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("203.0.113.7, ::ffff:10.2.3.4", "203.0.113.7"),
        (", 203.0.113.7, ,", "203.0.113.7"),
        # What is no address says nothing: the nearest proxy stands for its client.
        ("", "10.1.1.1"),
        ("unknown", "10.1.1.1"),
        ("_hidden, 10.2.3.4", "10.2.3.4"),
        ("203.0.113.7, garbage", "10.1.1.1"),
        ("203.0.113.7:", "10.1.1.1"),
        ("203.0.113.7:x", "10.1.1.1"),
        ("203.0.113.7:123456", "10.1.1.1"),
        ("[2001:db8::7", "10.1.1.1"),
        ("[2001:db8::7]x", "10.1.1.1"),
        ("fe80::1%eth0", "10.1.1.1"),
        ("010.2.3.4", "10.1.1.1"),
        ("0x7f000001", "10.1.1.1"),
        ("127.1", "10.1.1.1"),
        ("٢٠٣.0.113.7", "10.1.1.1"),
    ],
)
def test_a_proxy_is_believed_back_to_the_first_that_is_not_ours(forwarded: str, client: str) -> None:
    assert OURS.client_of("10.1.1.1", forwarded.encode()) == client


@pytest.mark.parametrize("peer", ["203.0.113.9", "2001:db8::9", "", "@"])
def test_who_is_no_proxy_of_ours_is_the_client_whatever_it_says(peer: str) -> None:
    assert OURS.client_of(peer, b"198.51.100.1, 10.2.3.4") == peer


def test_a_list_without_end_is_read_from_the_right_and_not_for_long() -> None:
    assert OURS.client_of("10.1.1.1", b"203.0.113.7," + b"10.2.3.4," * (HOPS_MOST + 1)) == "10.2.3.4"
    assert OURS.client_of("10.1.1.1", b"x," * 30_000 + b"203.0.113.7") == "203.0.113.7"


class Hearing(InMemoryAuthenticator):
    """An authenticator that remembers where credentials came from."""

    async def authenticate(self, credential: str, address: str) -> Grant:
        heard.append(address)
        return Grant(ANYONE)


heard: list[str] = []


@pytest.mark.parametrize(
    ("proxies", "lines", "address"),
    [
        (OURS, ["X-Forwarded-For: 198.51.100.1", "X-Forwarded-For: 203.0.113.7, 10.0.0.1"], "203.0.113.7"),
        (OURS, [], "127.0.0.1"),
        (OURS, ["Forwarded: for=203.0.113.7", "X-Real-IP: 203.0.113.7", "X_Forwarded_For: 203.0.113.7"], "127.0.0.1"),
        (Proxies(), ["X-Forwarded-For: 203.0.113.7"], "127.0.0.1"),
        (Proxies((ip_network("10.0.0.0/8"),)), ["X-Forwarded-For: 203.0.113.7"], "127.0.0.1"),
    ],
)
async def test_a_request_has_its_address_from_the_connection_and_our_proxies(
    proxies: Proxies, lines: list[str], address: str
) -> None:
    heard.clear()
    async with running_api(Engine(authenticator=Hearing(CLOCK)), site=Site(proxies=proxies)) as api:
        await say(api.url, get("/api/stats", "Authorization: Bearer k", *lines))
    assert heard == [address]


async def test_trailers_say_nothing_of_where_a_request_came_from() -> None:
    heard.clear()
    async with running_api(Engine(authenticator=Hearing(CLOCK)), site=Site(proxies=OURS)) as api:
        sent = post_in_chunks("Authorization: Bearer k").removesuffix(b"\r\n")
        await say(api.url, sent + b"X-Forwarded-For: 203.0.113.7\r\n\r\n")
    assert heard == ["127.0.0.1"]
