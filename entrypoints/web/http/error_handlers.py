"""Every error that leaves a resource ends here, as a problem document or a close code."""

from contextlib import suppress
from typing import Any

import falcon
import falcon.asgi

from application.ports.errors import DataRefused, Overloaded, StoreUnavailable
from entrypoints.web import observe
from entrypoints.web.closing import INTERNAL, NOT_FOUND, close
from entrypoints.web.problems import MEDIA_TYPE, HttpProblem, problem_of
from entrypoints.web.request import Request


def install(app: falcon.asgi.App[Request, falcon.asgi.Response]) -> None:
    """Make `app` answer every error, falcon's own too."""
    app.add_error_handler((Exception, falcon.HTTPError), _answer)


async def _answer(
    req: Request,
    resp: falcon.asgi.Response | None,
    error: Exception,
    params: dict[str, Any],
    ws: falcon.asgi.WebSocket | None = None,
) -> None:
    problem = problem_of(error)
    observe.refused(problem.code)
    _report(req.request_id, error, problem)
    if resp is not None:
        resp.status = problem.kind.status
        resp.content_type = MEDIA_TYPE
        resp.data = problem.document(req.path, req.request_id)
        resp.set_headers(dict(problem.headers))
    elif ws is not None:
        if ws.unaccepted:
            with suppress(falcon.WebSocketDisconnected):
                await ws.accept()
        await close(ws, NOT_FOUND if isinstance(error, falcon.HTTPError) else INTERNAL, problem.code)


def _report(request_id: str, error: Exception, problem: HttpProblem) -> None:
    match error:
        case StoreUnavailable() | Overloaded():
            observe.store_away(request_id, error)
        case DataRefused():
            observe.data_refused(request_id, error)
        case _ if problem.code == "internal":
            observe.request_failed(request_id, error)
