"""`GET /api/me` and `POST /api/ws-tickets`: what a credential allows, and a ticket where it cannot be shown itself."""

import re
from collections.abc import Mapping

from attrs import frozen
from falcon.asgi import Response

from application.socket_tickets import SocketTickets
from domain.errors import FieldError, unknown_names
from entrypoints.web.credentials import origin_of
from entrypoints.web.http import presenter
from entrypoints.web.http.body import json_object
from entrypoints.web.problems import invalid
from entrypoints.web.request import Request

_TARGET = re.compile(r"/ws/orders(/[A-Za-z0-9-]{1,64})?")


class MeResource:
    """`GET /api/me`."""

    async def on_get(self, req: Request, resp: Response) -> None:
        """Say as whom who asks acts, and what it may do."""
        resp.text = presenter.grant_json(req.grant)

    on_head = on_get


@frozen
class TicketsResource:
    """`POST /api/ws-tickets`."""

    tickets: SocketTickets

    async def on_post(self, req: Request, resp: Response) -> None:
        """Give a ticket that opens one socket, for pages: they can send no header with it."""
        target = _target(await json_object(req))
        issued = await self.tickets.issue(req.grant, target, origin_of(req))
        resp.text = presenter.ticket_json(issued)


def _target(body: Mapping[str, object]) -> str:
    target = body.get("target")
    is_socket = isinstance(target, str) and _TARGET.fullmatch(target)
    if is_socket and len(body) == 1:
        return str(target)
    errors = [] if is_socket else [FieldError("target", "must be /ws/orders, or /ws/orders/ with an order's id")]
    raise invalid(errors + unknown_names([name for name in body if name != "target"], "unknown field", "body"))
