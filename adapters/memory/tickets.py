"""Tickets in this process's memory."""

from datetime import datetime

from attrs import define, field

from application.ports.tickets import TICKETS_MOST, Ticket


@define(eq=False)
class InMemoryTickets:
    """Keeps tickets in the order in which they were given out."""

    _tickets: dict[bytes, Ticket] = field(factory=dict, init=False)

    async def keep(self, digest: bytes, ticket: Ticket, now: datetime) -> None:
        good = {known: kept for known, kept in self._tickets.items() if kept.expires_at > now}
        of_user = [known for known, kept in good.items() if _user(kept) == _user(ticket)]
        for known in of_user[: max(0, len(of_user) + 1 - TICKETS_MOST)]:
            del good[known]
        self._tickets = {**good, digest: ticket}

    async def take(self, digest: bytes) -> Ticket | None:
        return self._tickets.pop(digest, None)


def _user(ticket: Ticket) -> str | None:
    return ticket.grant.caller.user_id
