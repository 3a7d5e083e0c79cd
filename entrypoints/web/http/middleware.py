"""What all requests are asked before their resource, and what all answers have in common, problems too."""

import time
from typing import Any

from attrs import frozen
from falcon.asgi import Response

from application.ports.authenticator import Authenticator
from entrypoints.web import decimals, observe, params
from entrypoints.web.credentials import grant_of, has_method, takes_strangers
from entrypoints.web.drain import Drain
from entrypoints.web.http import cors
from entrypoints.web.limits import RequestLimits, takes_orders
from entrypoints.web.problems import HttpProblem
from entrypoints.web.request import Request
from entrypoints.web.site import OWN_PAGE, Site

READS = frozenset({"GET", "HEAD"})


@frozen
class Middleware:
    """The only middleware: one for each of these things would cost every answer a coroutine more for each."""

    drain: Drain
    site: Site
    authenticator: Authenticator | None = None
    limits: RequestLimits | None = None

    async def process_resource(self, req: Request, resp: Response, resource: object, path: dict[str, Any]) -> None:
        """Refuse what a foreign page asks for, then find out who asks, and how often, unless it is for everyone.

        Raises HttpProblem: `foreign_origin`, `unauthenticated`, `rate_limited`, in the contract's order; then
        `validation_failed` for a query where none means anything.
        """
        is_of_a_page = req.method not in READS and req.is_of_a_page
        if is_of_a_page and has_method(resource, req.method) and self._is_foreign(req):
            raise HttpProblem("foreign_origin")
        is_free = self.authenticator is None and self.limits is None
        if not (is_free or takes_strangers(resource)) and has_method(resource, req.method):
            if self.authenticator is not None:
                req.grant = await grant_of(req, self.authenticator)
            if self.limits is not None:
                self.limits.admit(req, resp, takes_orders(resource))
        if req.query_string and has_method(resource, req.method) and not getattr(resource, "reads_query", False):
            params.refuse(req.params)

    async def process_response(self, req: Request, resp: Response, resource: object, succeeded: bool) -> None:
        """Name the request's id, under which it was logged, and count the answer by its route with its time.

        On the way out, end the connection, so that no request meets the closing: the client connects again, elsewhere.
        """
        resp.set_header("X-Request-Id", req.request_id)
        if resp.text is not None:
            decimals.negotiate(req, resp)
        if self.drain.begun:
            resp.set_header("Connection", "close")
        if self.site.origins:
            resp.append_header("Vary", "Origin")
            for origin in self.site.origins.intersection(req.said(b"origin")):
                cors.allow(req, resp, origin)
        observe.request_answered(req.uri_template, req.method, resp.status, time.perf_counter() - req.begun)

    def _is_foreign(self, req: Request) -> bool:
        """Whether a page of another site asks; a browser may say that it is one, and not which."""
        origins = req.said(b"origin")
        if self.site.is_foreign(origins, req.said(b"host")):
            return True
        is_listed = origins and self.site.origins.issuperset(origins)
        return not is_listed and not OWN_PAGE.issuperset(req.said(b"sec-fetch-site"))
