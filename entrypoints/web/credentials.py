"""Who asks: the credential of a request, and what is answered to who has none that is good."""

from application.ports.authenticator import Authenticator, Grant, Unauthenticated
from entrypoints.web.addresses import client_address
from entrypoints.web.problems import unauthenticated
from entrypoints.web.request import ContradictoryHeader, Request

_SCHEME = "bearer"


async def grant_of(req: Request, authenticator: Authenticator) -> Grant:
    """Return what the request's credential allows. Raises HttpProblem `unauthenticated`, and StoreUnavailable."""
    credential = _credential(req)
    if credential is None:
        raise unauthenticated(sent=False)
    try:
        return await authenticator.authenticate(credential, client_address(req))
    except Unauthenticated:
        raise unauthenticated(sent=True) from None


def origin_of(req: Request) -> str | None:
    """Return which page asks, None for a program. A request that names two was refused before."""
    return next(iter(req.said(b"origin")), None)


def takes_strangers(resource: object) -> bool:
    """Whether a resource is for everyone, without a credential; only what says so of itself is."""
    return getattr(resource, "for_everyone", False)


def has_method(resource: object, method: str) -> bool:
    """Whether a resource has this method: one that it has not is a 405, whoever asks. All have OPTIONS, by falcon."""
    return method != "OPTIONS" and hasattr(resource, f"on_{method.lower()}")


def _credential(req: Request) -> str | None:
    """Return what follows `Bearer` in the Authorization header; None without one. Raises HttpProblem for two."""
    try:
        value = req.header(b"authorization")
    except ContradictoryHeader:
        raise unauthenticated(sent=True) from None
    if value is None:
        return None
    scheme, _, credential = value.partition(" ")
    return credential.lstrip(" ") if scheme.lower() == _SCHEME else None
