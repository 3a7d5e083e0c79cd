"""`/`, `/orders/{orderId}` and `/console/...`: the console's page and files."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from falcon.asgi import App, Response

from entrypoints.web.pages.fixed import FixedResource, page_headers
from entrypoints.web.request import Request

FOLDER = Path(__file__).with_name("static")
INDEX = "index.html"
_TYPES = MappingProxyType(
    {
        ".html": "text/html; charset=utf-8",
        ".css": "text/css; charset=utf-8",
        ".js": "text/javascript; charset=utf-8",
        ".svg": "image/svg+xml",
    }
)


def add_console(app: "App[Request, Response]") -> None:
    """Give `app` a route for each file of the console: a path that is none of them stays a 404."""
    headers = page_headers()
    for name, path in console_files().items():
        resource = FixedResource(path.read_bytes(), _TYPES[path.suffix], headers)
        # The page of an order that is not there is the same page: it says so itself.
        for route in ("/", "/orders/{order_id}") if name == INDEX else (f"/console/{name}",):
            app.add_route(route, resource)


def console_files() -> Mapping[str, Path]:
    """Return every file that a browser may ask for, by its path below `static` with slashes."""
    folders = (FOLDER, FOLDER / "client")  # the client is a link to clients/typescript, which a glob does not follow
    found = sorted(path for folder in folders for path in folder.rglob("*") if path.suffix in _TYPES)
    return {path.relative_to(FOLDER).as_posix(): path for path in found}
