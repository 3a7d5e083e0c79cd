"""The orders' resources: submit, read, list, follow the story, cancel."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import ClassVar

import falcon
from attrs import frozen
from falcon.asgi import Response, WebSocket

from application.cancel_order import CancelOrder
from application.observe import tracing
from application.query_orders import QueryOrders
from application.submit_order import SubmitOrder
from domain.errors import FieldError, ValidationFailed
from domain.order_request import OrderRequest
from domain.origin import Origin, read_traceparent
from entrypoints.web import observe, params
from entrypoints.web.http import presenter
from entrypoints.web.http.body import json_object
from entrypoints.web.http.execution_presenter import ExecutionPresenter
from entrypoints.web.problems import invalid
from entrypoints.web.request import ContradictoryHeader, Request

KEY_HEADER = "Idempotency-Key"
_KEY_HEADER = KEY_HEADER.lower().encode()
_KEY = re.compile(r"[!-~]{1,255}")


@frozen
class ExecuteResource:
    """`POST /api/orders/execute`; there an order is also followed by its id, as on its own socket."""

    takes_orders: ClassVar[int] = 1
    reads_query: ClassVar[bool] = True
    submit: SubmitOrder
    follow: Callable[[Request, WebSocket], Awaitable[None]]

    async def on_post(self, req: Request, resp: Response) -> None:
        """Take an order: 202, also for a repeat of one that was taken."""
        with tracing.accepting(_traceparent(req), req.begun) as trace:
            origin = Origin(req.request_id, trace.traceparent)
            observe.part_of_trace(origin.traceparent)
            body = await json_object(req)
            key, faults = _key(req)
            if req.query_string:
                faults = [*faults, *params.unknown(req.params)]
            admission = await self.submit(req.caller, _read(body, faults), key, origin)
            trace.accepted(admission.order_id, req.request_id)
        resp.status = falcon.HTTP_202
        resp.data = presenter.accepted_json(admission.order_id)
        resp.set_header("Location", f"/api/orders/{admission.order_id}")
        if admission.replayed:
            resp.set_header("Idempotency-Replayed", "true")

    async def on_websocket(self, req: Request, ws: WebSocket) -> None:
        """Follow an order."""
        await self.follow(req, ws)


@frozen
class OrderResource:
    """`GET /api/orders/{orderId}`."""

    query: QueryOrders
    presenter: ExecutionPresenter

    async def on_get(self, req: Request, resp: Response, order_id: str) -> None:
        """Show one order, and what its swap came to if that landed on a chain."""
        order, execution = await self.query.with_execution(req.caller, order_id)
        resp.text = presenter.order_json(order, self.presenter.json(execution) if execution else None)

    on_head = on_get


@frozen
class OrdersResource:
    """`GET /api/orders`."""

    reads_query: ClassVar[bool] = True
    query: QueryOrders

    async def on_get(self, req: Request, resp: Response) -> None:
        """List orders, newest first."""
        wanted, cursor, limit = params.list_query(req.params)
        page = await self.query.find(req.caller, wanted, cursor, limit)
        resp.text = presenter.page_json(page)

    on_head = on_get


@frozen
class EventsResource:
    """`GET /api/orders/{orderId}/events`."""

    reads_query: ClassVar[bool] = True
    query: QueryOrders

    async def on_get(self, req: Request, resp: Response, order_id: str) -> None:
        """Show an order's story so far."""
        frames = await self.query.events(req.caller, order_id, params.after_seq(req.params))
        resp.text = presenter.frames_json(frames)

    on_head = on_get


@frozen
class CancelResource:
    """`POST /api/orders/{orderId}/cancel`."""

    cancel: CancelOrder

    async def on_post(self, req: Request, resp: Response, order_id: str) -> None:
        """Stop an order."""
        resp.text = presenter.order_json(await self.cancel(req.caller, order_id))
        resp.status = falcon.HTTP_202


def _key(req: Request) -> tuple[str | None, Sequence[FieldError]]:
    """Read the idempotency key; return it, and what is wrong with it."""
    try:
        key = req.header(_KEY_HEADER)
    except ContradictoryHeader:
        return None, [FieldError(KEY_HEADER, "must be the same each time that it is given")]
    if key is None or _KEY.fullmatch(key):
        return key, ()
    return None, [FieldError(KEY_HEADER, "must be 1 to 255 visible ASCII characters")]


def _traceparent(req: Request) -> str | None:
    """Read which trace the client's request is part of; one that cannot be believed is as good as none."""
    try:
        return read_traceparent(req.header(b"traceparent"))
    except ContradictoryHeader:
        return None


def _read(body: Mapping[str, object], faults: Sequence[FieldError]) -> OrderRequest:
    """Check the body too, so that all faults are reported at once."""
    if not faults:
        return OrderRequest.parse(body)
    try:
        OrderRequest.parse(body)
    except ValidationFailed as error:
        raise invalid([*error.errors, *faults]) from None
    raise invalid(faults)
