"""X-Request-Id on every answer."""

from falcon.asgi import Response

from entrypoints.http.request import Request


class RequestIdMiddleware:
    """Tells the client the id under which its request was logged."""

    async def process_response(self, req: Request, resp: Response, resource: object, succeeded: bool) -> None:
        """Add the header, to errors too."""
        resp.set_header("X-Request-Id", req.request_id)
