"""API keys: what one allows, and how its secret is made, and recognised without being kept."""

import re
import secrets
from datetime import datetime
from enum import StrEnum
from hashlib import blake2b
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Final

from attrs import frozen

from application.caller import Caller, Scope
from application.ports.authenticator import Grant

Network = IPv4Network | IPv6Network


class EngineMode(StrEnum):
    """Whether an engine trades for real. A key is of one mode, and works in no engine of the other."""

    PAPER = "paper"
    LIVE = "live"


PREFIXES: Final = {EngineMode.PAPER: "oe_test_", EngineMode.LIVE: "oe_live_"}
ANY_PREFIX: Final = "oe_"
SECRET_BYTES: Final = 32
_SECRET = {mode: re.compile(f"{prefix}[A-Za-z0-9_-]{{43}}") for mode, prefix in PREFIXES.items()}


@frozen(kw_only=True)
class ApiKey:
    """A key as it is kept: never its secret. It acts as `owner`; times are UTC.

    With `networks` it is good from addresses in them only.
    """

    key_id: str
    name: str
    owner: str
    scopes: frozenset[Scope]
    mode: EngineMode
    created_at: datetime
    networks: tuple[Network, ...] = ()
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None
    replaces: str | None = None

    @property
    def grant(self) -> Grant:
        """What it allows its holder."""
        return Grant(Caller(self.owner, self.scopes, self.key_id), self.expires_at)

    def is_good(self, now: datetime) -> bool:
        """Whether it is neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    def is_good_from(self, address: str) -> bool:
        """Whether it may be shown from an IP address."""
        if not self.networks:
            return True
        try:
            client = ip_address(address)
        except ValueError:
            return False
        return any(client in network for network in self.networks)


def new_secret(mode: EngineMode) -> str:
    """Return a key's secret, of 256 random bits."""
    return PREFIXES[mode] + secrets.token_urlsafe(SECRET_BYTES)


def looks_like_key(credential: str, mode: EngineMode) -> bool:
    """Whether a credential has the form of a key of this mode."""
    return _SECRET[mode].fullmatch(credential) is not None


def digest_of(secret: str, pepper: bytes) -> bytes:
    """Return what a secret is known by: 32 bytes, by which without the pepper not even a guess can be checked."""
    return blake2b(secret.encode(), key=pepper, digest_size=32).digest()
