"""`POST /api/orders/{orderId}/requeue|revive|fail`: what operators decide about one order, as by the command line."""

from types import MappingProxyType
from typing import Any

import falcon
from attrs import evolve, frozen
from falcon.asgi import Response

from application.caller import Caller
from application.operate_orders import OperateOrders
from domain.fields import Readers, flag, optional_fields
from domain.names import name_of
from domain.order import Order
from entrypoints.web.addresses import client_address
from entrypoints.web.http import presenter
from entrypoints.web.http.body import json_object_or_none
from entrypoints.web.problems import invalid
from entrypoints.web.request import Request

REASON_LENGTH = 500


@frozen
class RequeueResource:
    """`POST /api/orders/{orderId}/requeue`."""

    operate: OperateOrders

    async def on_post(self, req: Request, resp: Response, order_id: str) -> None:
        """Put an order that runs in the queue, unless it is there."""
        given = await _given(req, _REASON)
        _accept(resp, (await self.operate.requeue(_noted(req), order_id, **given)).order)


@frozen
class ReviveResource:
    """`POST /api/orders/{orderId}/revive`."""

    operate: OperateOrders

    async def on_post(self, req: Request, resp: Response, order_id: str) -> None:
        """Put an order's dead letter back in the queue."""
        given = await _given(req, _REASON)
        _accept(resp, await self.operate.revive(_noted(req), order_id, **given))


@frozen
class FailResource:
    """`POST /api/orders/{orderId}/fail`."""

    operate: OperateOrders

    async def on_post(self, req: Request, resp: Response, order_id: str) -> None:
        """End an order whose swap has not landed, and cannot."""
        given = await _given(req, _OF_FAILING)
        _accept(resp, (await self.operate.fail(_noted(req), order_id, **given)).order)


def _noted(req: Request) -> Caller:
    """Return who asks, with what the record of administrative acts wants to know."""
    return evolve(req.caller, origin=client_address(req), request_id=req.request_id)


def _accept(resp: Response, order: Order) -> None:
    resp.text = presenter.order_json(order)
    resp.status = falcon.HTTP_202


def _reason(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a string")
    return name_of(value, REASON_LENGTH)


_REASON: Readers = MappingProxyType({"reason": ("reason", _reason)})
_OF_FAILING: Readers = MappingProxyType({**_REASON, "notLanded": ("not_landed", flag)})


async def _given(req: Request, fields: Readers) -> dict[str, Any]:
    """Read what goes with a decision; null means absent. Raises HttpProblem with every bad field."""
    values, errors = optional_fields(await json_object_or_none(req), fields)
    if errors:
        raise invalid(errors)
    return values
