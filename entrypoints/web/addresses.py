"""Where a request comes from: the client behind proxies that are trusted to know."""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from entrypoints.web.request import Request

Network = IPv4Network | IPv6Network

_FORWARDED = b"x-forwarded-for"
HOPS_MOST = 32
_REMEMBERED_BYTES = 256
_REMEMBERED = 4096


def client_address(req: "Request") -> str:
    """Return the client's IP address as text; empty for who has none, such as on a unix socket."""
    client = req.scope.get("client")
    peer = _plain(client[0]) if client else ""
    if not req.proxies.networks:
        return peer
    lines = [value for name, value in req.scope["headers"] if name == _FORWARDED]
    return req.proxies.client_of(peer, b",".join(lines)) if lines else peer


@frozen
class Proxies:
    """The proxies whose word on their clients' addresses counts; of anyone else X-Forwarded-For means nothing."""

    networks: tuple[Network, ...] = ()

    def client_of(self, peer: str, forwarded: bytes) -> str:
        """Return the client's address, as `peer` and the proxies before it say: the last one that is not of ours.

        Who wrote the rest of the list is nobody to believe. What is no address stands for the proxy that passed it on.
        """
        known = _remembered if len(forwarded) <= _REMEMBERED_BYTES else _remembered.__wrapped__
        return known(self.networks, peer, forwarded)


@lru_cache(_REMEMBERED)
def _remembered(networks: tuple[Network, ...], peer: str, forwarded: bytes) -> str:
    nearest = peer
    for hop in reversed(forwarded.rsplit(b",", HOPS_MOST)[-HOPS_MOST:]):
        if not _is_in(networks, nearest):
            break
        text = hop.strip(b" \t")
        if not text:
            continue
        address = _address(text)
        if address is None:
            break
        nearest = address
    return nearest


def _is_in(networks: Iterable[Network], text: str) -> bool:
    try:
        address = ip_address(text)
    except ValueError:
        return False
    return any(address in network for network in networks)


def _address(hop: bytes) -> str | None:
    """Read an address, which may have a port and IPv6 brackets; None for what is none."""
    text = hop.decode("latin-1")
    if text.startswith("["):
        text, bracket, port = text[1:].partition("]")
        if not bracket or (port and not _is_port(port)):
            return None
    elif text.count(":") == 1:
        text, colon, port = text.partition(":")
        if not _is_port(colon + port):
            return None
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return None if "%" in text else _written(address)


def _is_port(text: str) -> bool:
    digits = text[1:]
    return text[0] == ":" and digits.isascii() and digits.isdigit() and len(digits) <= 5


def _written(address: IPv4Address | IPv6Address) -> str:
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)


def _plain(peer: str) -> str:
    """Return a peer's address, an IPv4 one that came by IPv6 as itself."""
    return peer.removeprefix("::ffff:") if "." in peer else peer
