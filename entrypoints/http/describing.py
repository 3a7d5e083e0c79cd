"""`/openapi.json`, `/asyncapi.json` and `/docs`: the engine's descriptions, for programs and for people."""

from collections.abc import Mapping
from functools import cache
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType

import falcon
import msgspec
from attrs import field, frozen
from falcon.asgi import App, Response

from entrypoints.http.descriptions import FOLDER, asyncapi, openapi
from entrypoints.http.descriptions.websockets import websockets_page
from entrypoints.http.request import Request

# Scalar puts its style into the page; scripts come from files alone, and nothing comes from another host.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "connect-src 'self'",
        "img-src 'self' data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Content-Security-Policy": CONTENT_SECURITY_POLICY,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-cache",  # kept by the browser, and asked about each time: a new release shows at once
    }
)
HTML, CSS, SCRIPT = "text/html; charset=utf-8", "text/css; charset=utf-8", "text/javascript; charset=utf-8"


@frozen
class ContentResource:
    """Serves one content that never changes while the process lives; 304 to whoever has it."""

    content: bytes
    content_type: str
    _etag: falcon.ETag = field(init=False)

    @_etag.default
    def _make_etag(self) -> falcon.ETag:
        return falcon.ETag(blake2b(self.content, digest_size=12).hexdigest())

    async def on_get(self, req: Request, resp: Response) -> None:
        """Send the content, or say that the client's copy is still right."""
        resp.set_headers(dict(HEADERS))
        resp.etag = self._etag
        known = req.if_none_match or ()
        if "*" in known or self._etag in known:
            resp.status = falcon.HTTP_304
        else:
            resp.content_type = self.content_type
            resp.data = self.content

    on_head = on_get


def add_descriptions(app: "App[Request, Response]") -> None:
    """Give `app` its descriptions. They are read once a process, however many apps it builds."""
    for path, resource in _contents().items():
        app.add_route(path, resource)


@cache
def _contents() -> Mapping[str, ContentResource]:
    return {
        "/openapi.json": ContentResource(msgspec.json.encode(openapi()), falcon.MEDIA_JSON),
        "/asyncapi.json": ContentResource(msgspec.json.encode(asyncapi()), falcon.MEDIA_JSON),
        "/docs": ContentResource((FOLDER / "docs.html").read_bytes(), HTML),
        "/docs/websockets": ContentResource(websockets_page(asyncapi()).encode(), HTML),
        "/docs/assets/docs.css": ContentResource((FOLDER / "docs.css").read_bytes(), CSS),
        "/docs/assets/docs.js": ContentResource((FOLDER / "docs.js").read_bytes(), SCRIPT),
        "/docs/assets/scalar.js": ContentResource(_scalar(), SCRIPT),
    }


def _scalar() -> bytes:
    """Read Scalar's script from the wheel that carries it, without importing that: it would read all its files."""
    wheel = find_spec("offapi")
    if wheel is None or wheel.origin is None:
        raise RuntimeError("the package offapi is not installed")
    return Path(wheel.origin).with_name("scalar.js").read_bytes()
