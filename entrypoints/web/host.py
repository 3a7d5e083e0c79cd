"""Whom a request is for: a name or an address, and perhaps a port; nothing that could be read in two ways."""

import re
from ipaddress import AddressValueError, IPv6Address

_AUTHORITY = re.compile(rb"(\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z._~-]+)(?::([0-9]{1,5}))?")
_PORTS = range(1, 65_536)


def name_in(authority: bytes) -> str | None:
    """Return the name or address, in lower case, of a Host; None for what is none.

    RFC 9110 7.2, without what nobody needs: percent signs and sub-delimiters, an empty port.
    """
    found = _AUTHORITY.fullmatch(authority)
    if found is None:
        return None
    name, port = found[1].decode().lower(), found[2]
    is_one = (port is None or int(port) in _PORTS) and (name[0] != "[" or _is_ipv6(name[1:-1]))
    return name if is_one else None


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except AddressValueError:
        return False
    return True
