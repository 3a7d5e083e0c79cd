"""The opening handshake's refusals, as problem documents like any other refusal."""

from email.utils import formatdate
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from websockets.datastructures import Headers
from websockets.http11 import Request, Response
from websockets.server import ServerProtocol

from entrypoints.web import observe
from entrypoints.web.problems import MEDIA_TYPE, HttpProblem
from entrypoints.web.request import request_id_of
from entrypoints.web.shared_headers import HEADERS
from entrypoints.web.site import Site

VERSION = "13"


class ProblemServerProtocol(ServerProtocol):
    """Refuses with a problem document what is no handshake, and all sockets of foreign pages, whatever they ask for."""

    _path = "/"
    _request_id: str | None = None

    def __init__(self, site: Site, **options: Any) -> None:
        super().__init__(**options)
        self._site = site

    def accept(self, request: Request) -> Response:
        """Remember who asks, for the refusal that may follow."""
        self._path = unquote(request.path.partition("?")[0])
        ids = set(request.headers.get_all("X-Request-Id"))
        self._request_id = ids.pop() if len(ids) == 1 else None
        if self._site.is_foreign(request.headers.get_all("Origin"), request.headers.get_all("Host")):
            return self.reject(HTTPStatus.FORBIDDEN, "")
        if request.headers.get_all("Sec-WebSocket-Version") not in ([], [VERSION]):
            return self.reject(HTTPStatus.UPGRADE_REQUIRED, "")
        return super().accept(request)

    def reject(self, status: int, text: str) -> Response:
        """Return the refusal; `text` says what is wrong with the handshake."""
        problem = _problem(status)
        observe.refused(problem.code)
        request_id = request_id_of(self._request_id)
        body = problem.document(self._path, request_id)
        headers = Headers(
            {
                **{name.decode(): value.decode() for name, value in HEADERS},
                "Date": formatdate(usegmt=True),
                "Content-Type": MEDIA_TYPE,
                "Content-Length": str(len(body)),
                "X-Request-Id": request_id,
                "Connection": "close",
            }
        )
        if status == HTTPStatus.UPGRADE_REQUIRED:
            headers.update({"Sec-WebSocket-Version": VERSION, "Upgrade": "websocket"})
        return Response(problem.kind.status, HTTPStatus(problem.kind.status).phrase, headers, body)


def _problem(status: int) -> HttpProblem:
    match status:
        case HTTPStatus.FORBIDDEN:
            return HttpProblem("foreign_origin")
        case HTTPStatus.METHOD_NOT_ALLOWED:
            return HttpProblem("method_not_allowed")
        case HTTPStatus.UPGRADE_REQUIRED:
            return HttpProblem("upgrade_required")
        case HTTPStatus.INTERNAL_SERVER_ERROR:
            return HttpProblem("internal")
    return HttpProblem("malformed_request", "The request is not a valid WebSocket handshake")
