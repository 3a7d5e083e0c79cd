"""Contents that never change while a process lives: pages and their files, from memory, under a strict policy."""

from collections.abc import Mapping
from hashlib import blake2b
from types import MappingProxyType
from typing import Any, ClassVar

import falcon
from attrs import field, frozen
from falcon.asgi import Response

from entrypoints.web.request import Request


def page_headers() -> Mapping[str, str]:
    """Return the headers of a page that runs and shows nothing but this origin's files."""
    # 'self' covers the WebSockets of this origin too, in every browser since Safari 15.4.
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "connect-src": "'self'",
        "img-src": "'self' data:",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    return MappingProxyType(
        {
            "Content-Security-Policy": "; ".join(f"{kind} {sources}" for kind, sources in policy.items()),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cache-Control": "no-cache",  # kept by the browser, and asked about each time: a new release shows at once
        }
    )


@frozen
class FixedResource:
    """Serves one content, whatever else the path says; 304 to whoever has it."""

    for_everyone: ClassVar[bool] = True
    reads_query: ClassVar[bool] = True  # a page may read its own, in the browser
    content: bytes
    content_type: str
    headers: Mapping[str, str]
    _etag: falcon.ETag = field(init=False)

    @_etag.default
    def _make_etag(self) -> falcon.ETag:
        return falcon.ETag(blake2b(self.content, digest_size=12).hexdigest())

    async def on_get(self, req: Request, resp: Response, **_: Any) -> None:
        """Send the content, or say that the client's copy is still right."""
        resp.set_headers(dict(self.headers))
        resp.etag = self._etag
        known = req.get_header("If-None-Match", default="")  # as a text: a tag each could be 15,000
        if known == "*" or self._etag.dumps() in known:  # whether one is weak makes no difference here
            resp.status = falcon.HTTP_304
        else:
            resp.content_type = self.content_type
            resp.data = self.content

    on_head = on_get
