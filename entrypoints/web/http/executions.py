"""`GET /api/executions`: which swaps landed, and with what, for programs and for spreadsheets."""

from typing import ClassVar
from urllib.parse import quote, urlencode

from attrs import frozen
from falcon.asgi import Response

from application.query_executions import QueryExecutions
from entrypoints.web import params
from entrypoints.web.http.execution_presenter import ExecutionPresenter
from entrypoints.web.request import Request

_JSON, _CSV = "application/json", "text/csv"


@frozen
class ExecutionsResource:
    """A list in JSON, or in CSV for who would rather have that; JSON for who would have neither."""

    reads_query: ClassVar[bool] = True
    query: QueryExecutions
    presenter: ExecutionPresenter

    async def on_get(self, req: Request, resp: Response) -> None:
        """List executions, newest first."""
        wanted, cursor, limit = params.execution_query(req.params)
        page = await self.query(req.caller, wanted, cursor, limit)
        if req.client_prefers((_JSON, _CSV)) == _CSV:
            resp.content_type = f"{_CSV}; charset=utf-8"
            resp.downloadable_as = "executions.csv"
            resp.text = self.presenter.page_csv(page)
        else:
            resp.text = self.presenter.page_json(page)
        if page.next_cursor is not None:
            given = {name: value for name, value in req.params.items() if name != "cursor"}
            query = urlencode({**given, "cursor": page.next_cursor}, quote_via=quote)
            resp.set_header("Link", f'<{req.path}?{query}>; rel="next"')

    on_head = on_get
