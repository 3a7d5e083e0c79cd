"""`/openapi.json`, `/asyncapi.json` and `/docs`: the engine's descriptions, for programs and for people."""

from collections.abc import Mapping
from functools import cache

import falcon
import msgspec
from falcon.asgi import App, Response

from entrypoints.web.pages.descriptions import FOLDER, asyncapi, openapi
from entrypoints.web.pages.descriptions.reference import reference_page
from entrypoints.web.pages.descriptions.websockets import websockets_page
from entrypoints.web.pages.fixed import FixedResource, page_headers
from entrypoints.web.request import Request

HTML, CSS = "text/html; charset=utf-8", "text/css; charset=utf-8"


def add_descriptions(app: "App[Request, Response]") -> None:
    """Give `app` its descriptions. They are read once a process, however many apps it builds."""
    for path, resource in _contents().items():
        app.add_route(path, resource)


@cache
def _contents() -> Mapping[str, FixedResource]:
    headers = page_headers()
    contents = {
        "/openapi.json": (msgspec.json.encode(openapi()), falcon.MEDIA_JSON),
        "/asyncapi.json": (msgspec.json.encode(asyncapi()), falcon.MEDIA_JSON),
        "/docs": (reference_page(openapi()).encode(), HTML),
        "/docs/websockets": (websockets_page(asyncapi()).encode(), HTML),
        "/docs/assets/docs.css": ((FOLDER / "docs.css").read_bytes(), CSS),
    }
    return {path: FixedResource(content, kind, headers) for path, (content, kind) in contents.items()}
