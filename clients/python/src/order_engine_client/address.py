"""Where an engine is, what is shown to it, and how it is reached."""

import ipaddress
import os
import re
from base64 import b64encode
from collections.abc import Mapping
from ssl import SSLContext
from typing import Any, Self
from urllib.parse import SplitResult, unquote, urlsplit

import httpx
from attrs import field, frozen

from order_engine_client.version import VERSION

_KEY = re.compile(r"[A-Za-z0-9._~+/=-]{1,8192}")


@frozen
class Address:
    """An engine's address. `url` is without a credential: it may be printed. `headers` go with every request."""

    url: str
    headers: Mapping[str, str] = field(repr=False)
    tls: SSLContext | None = field(repr=False)
    is_here: bool

    @classmethod
    def of(cls, url: str, api_key: str | None, tls: SSLContext | None) -> Self:
        """Read a URL, which may hold a user name and a password for what stands before the engine.

        Raises ValueError, also when the key would go over the network in plain text; OSError when the environment
        names certificates that cannot be read.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("url must be an engine's address, such as http://127.0.0.1:3000")
        secure, is_here = parts.scheme == "https", _is_loopback(parts.hostname)
        bare = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl().rstrip("/")
        shown = _authorization(parts, api_key, safe=secure or is_here)
        headers = {"User-Agent": f"order-engine-client/{VERSION}"} | shown
        return cls(bare, headers, (tls or trusted()) if secure else None, is_here)

    @property
    def socket_url(self) -> str:
        """Return the same for WebSockets."""
        return f"ws{self.url.removeprefix('http')}"

    def for_http(self, timeout: float) -> dict[str, Any]:
        """Return what httpx needs to get there. No proxy leads to this machine, and redirects are not followed."""
        return {
            "base_url": self.url,
            "headers": self.headers,
            "timeout": timeout,
            "verify": self.tls or False,
            "trust_env": not self.is_here,
        }

    def for_socket(self, timeout: float) -> dict[str, Any]:
        """Return what websockets needs to get there, within `timeout` seconds."""
        return {
            "additional_headers": self.headers,
            "open_timeout": timeout,
            "close_timeout": 1,
            "compression": None,
            "proxy": None if self.is_here else True,
            "ssl": self.tls,
            "user_agent_header": None,
        }


def trusted() -> SSLContext:
    """Return whom TLS trusts: what `SSL_CERT_FILE` or `SSL_CERT_DIR` name, else certifi's list and the system's."""
    context = httpx.create_ssl_context()
    if not (os.environ.get("SSL_CERT_FILE") or os.environ.get("SSL_CERT_DIR")):
        context.load_default_certs()
    return context


def _authorization(parts: SplitResult, api_key: str | None, *, safe: bool) -> dict[str, str]:
    if api_key is None:
        if parts.username is None:
            return {}
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        return {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}
    if parts.username is not None:
        raise ValueError("the url has a user name and there is an API key: one request can show only one of them")
    if not _KEY.fullmatch(api_key):
        raise ValueError("api_key is neither an API key nor a token")
    if not safe:
        raise ValueError("an API key is not sent in plain text to another machine: use https://")
    return {"Authorization": f"Bearer {api_key}"}


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
