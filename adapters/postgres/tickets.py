"""Tickets in Postgres: rows that one `DELETE` takes, whichever process it comes from."""

from datetime import datetime

from adapters.postgres import ticket_statements as statements
from adapters.postgres.read_pool import ReadPool
from adapters.postgres.times import stored, utc
from application.caller import Caller, Scope
from application.ports.authenticator import Grant
from application.ports.tickets import TICKETS_MOST, Ticket


class PostgresTickets:
    """Keeps tickets over a store's `reads`, which their owner opens. No user's name is the empty text."""

    def __init__(self, reads: ReadPool) -> None:
        self._reads = reads

    async def keep(self, digest: bytes, ticket: Ticket, now: datetime) -> None:
        caller, grant = ticket.grant.caller, ticket.grant
        user_id = caller.user_id or ""
        scopes = [scope.value for scope in caller.scopes]
        of_grant = (digest, user_id, scopes, caller.key_id, stored(grant.expires_at))
        of_ticket = (ticket.target, ticket.origin, stored(ticket.expires_at))
        await self._reads.run(statements.KEEP, (stored(now), user_id, TICKETS_MOST - 1, *of_grant, *of_ticket))

    async def take(self, digest: bytes) -> Ticket | None:
        for user_id, scopes, key_id, grant_ends, target, origin, ends in await self._reads.run(
            statements.TAKE, (digest,)
        ):
            caller = Caller(user_id or None, frozenset(map(Scope, scopes)), key_id)
            grant = Grant(caller, utc(grant_ends) if grant_ends is not None else None)
            return Ticket(grant, target, origin, utc(ends))
        return None
