"""What a token says, strictly: what two readers could read differently is refused, and what would hold for too long."""

import base64
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from attrs import frozen

from adapters.strict_json import object_of
from application.caller import Scope
from application.ports.authenticator import Unauthenticated
from domain.order_request import user_id

TOKEN_BYTES = 8 * 1024
LIFE_SECONDS = 3600
LEEWAY_SECONDS = 10  # by which an issuer's clock may be ahead of ours
_FORM = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")
_TYPES = frozenset({"jwt", "at+jwt", "application/at+jwt"})
# All that a header may have: no extensions that must be understood (`crit`, `b64`), no nested or packed tokens (`cty`,
# `zip`), and no keys that the token itself brings (`jku`, `jwk`, `x5u`, `x5c`).
_HEADER = frozenset({"alg", "kid", "typ", "x5t", "x5t#S256"})
_LATEST = 253_402_300_799  # the last second that a datetime can hold


@frozen
class Head:
    """What a token says of itself before anyone believes it."""

    kid: str
    algorithm: str


@frozen
class Claims:
    """Who a token is about, what it allows, and until when (UTC)."""

    user_id: str
    scopes: frozenset[Scope]
    expires_at: datetime


def parts_of(token: str) -> tuple[Head, Mapping[str, Any]]:
    """Return a token's head and its claims, neither of which is verified. Raises Unauthenticated for any other form."""
    found = _FORM.fullmatch(token) if len(token) <= TOKEN_BYTES else None
    if found is None:
        raise Unauthenticated
    try:
        header, claims, _ = (_decoded(part) for part in found.groups())
        return _head_of(object_of(header)), object_of(claims)
    except ValueError as error:
        raise Unauthenticated from error


def claims_of(said: Mapping[str, Any], issuer: str, audience: str, now: datetime) -> Claims:
    """Return what claims say. Raises Unauthenticated unless they hold here and now, and for an hour at most."""
    seconds = now.timestamp()
    issued_at, expires_at = _time(said, "iat"), _time(said, "exp")
    begins_at = _time(said, "nbf") if "nbf" in said else issued_at
    if not max(issued_at, begins_at) - LEEWAY_SECONDS <= seconds < expires_at <= issued_at + LIFE_SECONDS:
        raise Unauthenticated
    if said.get("iss") != issuer or audience not in _audiences(said.get("aud")):
        raise Unauthenticated
    return Claims(_user(said.get("sub")), _scopes(said.get("scope", "")), datetime.fromtimestamp(expires_at, UTC))


def _decoded(part: str) -> bytes:
    """Decode base64url in its one form: what other bits at the end would say too is no token."""
    raw = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    if base64.urlsafe_b64encode(raw).rstrip(b"=") != part.encode():
        raise ValueError("not in its one form")
    return raw


def _head_of(header: Mapping[str, Any]) -> Head:
    algorithm, kid, kind = header.get("alg"), header.get("kid"), header.get("typ", "JWT")
    if not (isinstance(algorithm, str) and isinstance(kid, str) and isinstance(kind, str)):
        raise ValueError("not text")
    if header.keys() - _HEADER or kind.lower() not in _TYPES:
        raise ValueError("not ours")
    return Head(kid, algorithm)


def _time(said: Mapping[str, Any], name: str) -> float:
    value = said.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LATEST:
        raise Unauthenticated
    return float(value)


def _audiences(value: object) -> list[object]:
    audiences = value if isinstance(value, list) else [value]
    return audiences if all(isinstance(audience, str) for audience in audiences) else []


def _user(value: object) -> str:
    try:
        if isinstance(value, str) and user_id(value) == value:
            return value
    except ValueError:
        pass
    raise Unauthenticated


def _scopes(value: object) -> frozenset[Scope]:
    """Return the scopes that are known here: an issuer may have more."""
    if not isinstance(value, str):
        raise Unauthenticated
    return frozenset(Scope(scope) for scope in value.split(" ") if scope in _SCOPES)


_SCOPES = frozenset(Scope)
