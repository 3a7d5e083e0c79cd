"""`/`, `/orders/{orderId}` and `/console/...`: the console's page and files, from memory, under a strict policy."""

from typing import Any

import falcon
from attrs import field, frozen
from falcon.asgi import App, Response

from entrypoints.console.assets import INDEX, Asset, read_assets
from entrypoints.http.request import Request

# 'self' covers the WebSockets of this origin too, in every browser since Safari 15.4.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "img-src 'self' data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",  # kept by the browser, and asked about each time: a new release shows at once
}


@frozen
class AssetResource:
    """Serves one file, whatever the path says of an order: the page itself tells what it doesn't know."""

    asset: Asset
    _etag: falcon.ETag = field(init=False)

    @_etag.default
    def _make_etag(self) -> falcon.ETag:
        return falcon.ETag(self.asset.etag)

    async def on_get(self, req: Request, resp: Response, **_: Any) -> None:
        """Send the file, or 304 to a browser that has it."""
        resp.set_headers(HEADERS)
        resp.content_type = self.asset.content_type
        resp.etag = self._etag
        if _has(req, self._etag):
            resp.status = falcon.HTTP_304
        else:
            resp.data = self.asset.content

    on_head = on_get


def add_console(app: "App[Request, Response]") -> None:
    """Give `app` a route for each file of the console: a path that is none of them stays a 404."""
    assets = read_assets()
    page = AssetResource(assets[INDEX])
    app.add_route("/", page)
    app.add_route("/orders/{order_id}", page)
    for name, asset in assets.items():
        if name != INDEX:
            app.add_route(f"/console/{name}", AssetResource(asset))


def _has(req: Request, etag: falcon.ETag) -> bool:
    known = req.if_none_match or ()
    return "*" in known or etag in known  # as texts: whether a tag is weak makes no difference here
