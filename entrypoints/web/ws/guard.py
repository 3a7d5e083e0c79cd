"""Who may open a socket: by a credential in its header, or a ticket in its query. And for how long."""

from collections.abc import Iterator
from contextlib import contextmanager

from attrs import define, field
from falcon.asgi import WebSocket

from application import observe
from application.errors import RateLimited
from application.ports.authenticator import Authenticator, Grant, Unauthenticated
from application.ports.errors import StoreUnavailable
from application.ports.system import Clock
from application.socket_tickets import SocketTickets
from entrypoints.web.addresses import client_address
from entrypoints.web.closing import UNAUTHENTICATED, close
from entrypoints.web.credentials import grant_of, origin_of
from entrypoints.web.problems import HttpProblem
from entrypoints.web.request import Request

# What was revoked is known within 5 s: so its sockets are closed within 8.
LOOK_SECONDS = 3.0


@define(eq=False)
class SocketGuard:
    """Lets clients in, and closes their sockets when what let them in is good no longer.

    One question a grant and address, however many sockets came with them.
    """

    authenticator: Authenticator
    tickets: SocketTickets
    clock: Clock
    _open: dict[tuple[Grant, str], set[WebSocket]] = field(factory=dict, init=False)

    async def admit(self, req: Request, target: str) -> Grant:
        """Return what the client was granted. Raises Unauthenticated, and StoreUnavailable when nobody can tell.

        A ticket for the `target` counts where there is no Authorization header.
        """
        ticket = req.params.get("ticket")
        if ticket is not None and req.auth is None:
            if not isinstance(ticket, str):
                raise Unauthenticated
            grant = await self.tickets.redeem(ticket, target, origin_of(req))
            await self.authenticator.recheck(grant, client_address(req))
            return grant
        try:
            return await grant_of(req, self.authenticator)
        except (HttpProblem, RateLimited):
            raise Unauthenticated from None

    @contextmanager
    def holding(self, req: Request, ws: WebSocket) -> Iterator[None]:
        """Look after an accepted socket that was opened with the request's grant."""
        let_in = req.grant, client_address(req)
        sockets = self._open.setdefault(let_in, set())
        sockets.add(ws)
        try:
            yield
        finally:
            sockets.discard(ws)
            if not sockets and self._open.get(let_in) is sockets:
                del self._open[let_in]

    async def run(self) -> None:
        """Every 3 s, close with 4401 what came with a grant that holds no longer; runs until cancelled."""
        while True:
            await self.clock.sleep(LOOK_SECONDS)
            await self._look()

    async def _look(self) -> None:
        """While nobody can tell whether grants hold, sockets stay; what has expired has all the same."""
        away = False
        for (grant, address), sockets in tuple(self._open.items()):
            try:
                if grant.expires_at is not None and grant.expires_at <= self.clock.now():
                    raise Unauthenticated
                if not away:
                    await self.authenticator.recheck(grant, address)
            except Unauthenticated:
                for ws in tuple(sockets):
                    await close(ws, UNAUTHENTICATED, Unauthenticated.code)
            except StoreUnavailable as error:
                away = True
                observe.store_away("the look at open sockets' grants", error)
