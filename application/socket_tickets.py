"""Give out tickets for sockets, and let in who shows one: once, soon, for what it was given for."""

from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import blake2b

from attrs import frozen

from application.caller import Scope
from application.ports.authenticator import Grant, Unauthenticated
from application.ports.system import Clock
from application.ports.tickets import Ticket, Tickets

TICKET_SECONDS = 30


@frozen
class IssuedTicket:
    """A ticket's text, which only its holder knows from now on, and until when it is good (UTC)."""

    text: str
    expires_at: datetime


@frozen
class SocketTickets:
    """`secret` makes texts that nobody can guess. What is kept of them is a digest, which opens nothing."""

    tickets: Tickets
    clock: Clock
    secret: Callable[[], str]

    async def issue(self, grant: Grant, target: str, origin: str | None) -> IssuedTicket:
        """Give a ticket for one socket at the path `target`, opened from a page of `origin` (None: from no page).

        Raises Forbidden without `orders:read`, and StoreUnavailable.
        """
        grant.caller.require(Scope.ORDERS_READ)
        now, text = self.clock.now(), self.secret()
        expires_at = now + timedelta(seconds=TICKET_SECONDS)
        await self.tickets.keep(_digest(text), Ticket(grant, target, origin, expires_at), now)
        return IssuedTicket(text, expires_at)

    async def redeem(self, text: str, target: str, origin: str | None) -> Grant:
        """Return what a ticket was given for; it is used up, also when it was for something else.

        Raises Unauthenticated, and StoreUnavailable.
        """
        ticket = await self.tickets.take(_digest(text))
        if (
            ticket is None
            or (ticket.target, ticket.origin) != (target, origin)
            or ticket.expires_at <= self.clock.now()
        ):
            raise Unauthenticated
        return ticket.grant


def _digest(text: str) -> bytes:
    return blake2b(text.encode(errors="surrogatepass"), digest_size=32).digest()
