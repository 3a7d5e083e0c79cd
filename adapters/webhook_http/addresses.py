"""Which addresses may be sent to: those of the public internet, and what carries one inside is judged by it."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

# An IPv4 address is in their last 32 bits. What translates or tunnels otherwise is refused as a whole.
_CARRIERS = tuple(map(IPv6Network, ("::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96")))
_REFUSED: tuple[IPv4Network | IPv6Network, ...] = (
    IPv4Network("192.88.99.0/24"),
    *(IPv6Network(network) for network in ("64:ff9b:1::/48", "2001::/23", "2002::/16", "3fff::/20", "5f00::/16")),
    *(IPv6Network(network) for network in ("fec0::/10", "100::/64", "2001:db8::/32")),
)


def is_public(address: str) -> bool:
    """Whether an address, as the system resolves names to it, is one of the internet, and of no network here."""
    try:
        given = ip_address(address)
    except ValueError:  # with a zone, as of link-local ones
        return False
    if isinstance(given, IPv6Address):
        for carrier in _CARRIERS:
            if given in carrier:
                return _is_public(IPv4Address(int(given) & 0xFFFFFFFF))
    return _is_public(given)


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    is_special = address.is_multicast or address.is_reserved or address.is_private or address.is_unspecified
    return address.is_global and not is_special and not any(_is_in(address, network) for network in _REFUSED)


def _is_in(address: IPv4Address | IPv6Address, network: IPv4Network | IPv6Network) -> bool:
    return address.version == network.version and address in network
