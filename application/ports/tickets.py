"""Tickets for sockets: what a page shows in a URL in place of its credential, which must not be there."""

from datetime import datetime
from typing import Final, Protocol

from attrs import frozen

from application.ports.authenticator import Grant

# Of one user; a ticket lives for half a minute, so that is 30 sockets a second.
TICKETS_MOST: Final = 1000


@frozen
class Ticket:
    """What a ticket allows once: to open `target`, a path, from a page of `origin` (None: from no page), as granted.

    It is good until `expires_at` (UTC).
    """

    grant: Grant
    target: str
    origin: str | None
    expires_at: datetime


class Tickets(Protocol):
    """Keeps tickets where every process sees them, each under the digest of its secret. Calls raise StoreUnavailable.

    A ticket may be lost at any time: whoever holds it asks for another.
    """

    async def keep(self, digest: bytes, ticket: Ticket, now: datetime) -> None:
        """Keep a ticket. Forgets what has expired by `now`, and the user's oldest beyond TICKETS_MOST."""
        ...

    async def take(self, digest: bytes) -> Ticket | None:
        """Return a ticket and forget it, expired or not; None when there is none. Of several takers one gets it."""
        ...
