"""What all requests have in common: who asks, and on every answer what it needs, problems too."""

import time
from typing import Any

from attrs import frozen
from falcon.asgi import Response

from application.ports.authenticator import Authenticator
from entrypoints.web import observe
from entrypoints.web.credentials import grant_of, has_method, takes_strangers
from entrypoints.web.drain import Drain
from entrypoints.web.request import Request


@frozen
class Middleware:
    """The only middleware: one for each of these things would cost every answer a coroutine more for each."""

    drain: Drain
    authenticator: Authenticator | None = None

    async def process_resource(self, req: Request, resp: Response, resource: object, params: dict[str, Any]) -> None:
        """Find out who asks, unless the resource is for everyone. Raises HttpProblem `unauthenticated`."""
        if self.authenticator is not None and not takes_strangers(resource) and has_method(resource, req.method):
            req.caller = (await grant_of(req, self.authenticator)).caller

    async def process_response(self, req: Request, resp: Response, resource: object, succeeded: bool) -> None:
        """Name the request's id, under which it was logged, and count the answer by its route with its time.

        On the way out, end the connection, so that no request meets the closing: the client connects again, elsewhere.
        """
        resp.set_header("X-Request-Id", req.request_id)
        if self.drain.begun:
            resp.set_header("Connection", "close")
        observe.request_answered(req.uri_template, req.method, resp.status, time.perf_counter() - req.begun)
