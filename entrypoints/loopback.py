"""Which addresses are this machine's own."""

import ipaddress
from urllib.parse import urlsplit


def is_loopback(host: str) -> bool:
    """Whether a name or an IP address leads to this machine and never beyond."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host.lower() == "localhost"
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def is_loopback_url(url: str) -> bool:
    """Whether a URL's host is this machine."""
    return is_loopback(urlsplit(url).hostname or "")
