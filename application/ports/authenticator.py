"""Who a credential belongs to, and what it allows."""

from datetime import datetime
from typing import ClassVar, Protocol

from attrs import frozen

from application.caller import Caller
from application.ports.errors import PortError


class Unauthenticated(PortError):
    """There is no credential, or it is not, or no longer, a good one; the text says nothing of which."""

    code: ClassVar[str] = "unauthenticated"


@frozen
class Grant:
    """What a credential allows: as whom its holder acts, and until when (UTC; None: until it is revoked)."""

    caller: Caller
    expires_at: datetime | None = None


class Authenticator(Protocol):
    """Tells whose a credential is. Both calls answer from memory most of the time, up to a few seconds old."""

    async def authenticate(self, credential: str, address: str) -> Grant:
        """Return what a credential allows that came from an IP address.

        Raises Unauthenticated, and StoreUnavailable when nobody can tell.
        """
        ...

    async def recheck(self, grant: Grant, address: str) -> None:
        """Return when a grant that was given holds still. Raises Unauthenticated, and StoreUnavailable as above."""
        ...
