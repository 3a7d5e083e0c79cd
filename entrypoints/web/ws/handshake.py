"""The opening handshake's refusals, as problem documents like any other refusal."""

from http import HTTPStatus
from urllib.parse import unquote

from websockets.datastructures import Headers
from websockets.http11 import Request, Response
from websockets.server import ServerProtocol

from entrypoints.web import observe
from entrypoints.web.problems import MEDIA_TYPE, HttpProblem
from entrypoints.web.request import request_id_of


class ProblemServerProtocol(ServerProtocol):
    """Refuses with a problem document what is no handshake, and sockets that the app does not accept."""

    _path = "/"
    _request_id: str | None = None

    def accept(self, request: Request) -> Response:
        """Remember who asks, for the refusal that may follow."""
        self._path = unquote(request.path.partition("?")[0])
        self._request_id = ",".join(request.headers.get_all("X-Request-Id"))
        return super().accept(request)

    def reject(self, status: int, text: str) -> Response:
        """Return the refusal; `text` says what is wrong with the handshake."""
        problem = _problem(status)
        observe.refused(problem.code)
        request_id = request_id_of(self._request_id)
        body = problem.document(self._path, request_id)
        headers = Headers(
            {
                "Content-Type": MEDIA_TYPE,
                "Content-Length": str(len(body)),
                "X-Request-Id": request_id,
                "Connection": "close",
            }
        )
        return Response(problem.kind.status, HTTPStatus(problem.kind.status).phrase, headers, body)


def _problem(status: int) -> HttpProblem:
    match status:
        case HTTPStatus.FORBIDDEN:
            return HttpProblem("forbidden", "Sockets are not opened for pages of another origin")
        case HTTPStatus.METHOD_NOT_ALLOWED:
            return HttpProblem("method_not_allowed")
        case HTTPStatus.INTERNAL_SERVER_ERROR:
            return HttpProblem("internal")
    return HttpProblem("malformed_request", "The request is not a valid WebSocket handshake")
