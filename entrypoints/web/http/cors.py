"""What pages of other origins may do, in the words of browsers: those of the listed ones, and nothing besides."""

from falcon.asgi import Response

from entrypoints.web.request import Request

REQUEST_HEADERS = "Authorization, Content-Type, Idempotency-Key"
ANSWER_HEADERS = "Location, Idempotency-Replayed, Retry-After, X-Request-Id, RateLimit, RateLimit-Policy"
KEPT_SECONDS = "600"


def allow(req: Request, resp: Response, origin: str) -> None:
    """Let a page of `origin` read the answer; one that asks before it calls hears what it may send."""
    resp.set_header("Access-Control-Allow-Origin", origin)
    resp.set_header("Access-Control-Expose-Headers", ANSWER_HEADERS)
    if req.method == "OPTIONS" and req.header(b"access-control-request-method"):
        resp.set_header("Access-Control-Allow-Methods", resp.get_header("Allow", ""))
        resp.set_header("Access-Control-Allow-Headers", REQUEST_HEADERS)
        resp.set_header("Access-Control-Max-Age", KEPT_SECONDS)
