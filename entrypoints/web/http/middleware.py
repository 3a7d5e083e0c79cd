"""What all answers have in common, problems too."""

import time

from attrs import frozen
from falcon.asgi import Response

from entrypoints.web import observe
from entrypoints.web.drain import Drain
from entrypoints.web.request import Request


@frozen
class ResponseMiddleware:
    """The only middleware: one for each of these things would cost every answer a coroutine more for each."""

    drain: Drain

    async def process_response(self, req: Request, resp: Response, resource: object, succeeded: bool) -> None:
        """Name the request's id, under which it was logged, and count the answer by its route with its time.

        On the way out, end the connection, so that no request meets the closing: the client connects again, elsewhere.
        """
        resp.set_header("X-Request-Id", req.request_id)
        if self.drain.begun:
            resp.set_header("Connection", "close")
        observe.request_answered(req.uri_template, req.method, resp.status, time.perf_counter() - req.begun)
