"""`POST /api/orders/cancel-all`: stop all orders of a user, a pair or a status."""

from collections.abc import Mapping
from types import MappingProxyType

from attrs import frozen
from falcon.asgi import Response

from application.cancel_orders import CancelOrders
from application.ports.order_store import UnfinishedFilter
from domain.fields import Readers, optional_fields
from domain.order_request import pair, user_id
from domain.status import FINAL, OrderStatus
from entrypoints.web.http import presenter
from entrypoints.web.http.body import json_object
from entrypoints.web.problems import invalid
from entrypoints.web.request import Request

UNFINISHED = tuple(status for status in OrderStatus if status not in FINAL)


@frozen
class CancelAllResource:
    """`POST /api/orders/cancel-all`."""

    cancel: CancelOrders

    async def on_post(self, req: Request, resp: Response) -> None:
        """Stop what is wanted; what cannot be stopped any more is listed too."""
        outcome = await self.cancel(req.caller, _wanted(await json_object(req)))
        resp.text = presenter.cancelled_json(outcome)


def _status(value: object) -> OrderStatus:
    if value not in UNFINISHED:
        raise ValueError(f"must be one of {', '.join(UNFINISHED)}")
    return OrderStatus(str(value))


_FIELDS: Readers = MappingProxyType(
    {"userId": ("user_id", user_id), "pair": ("pair", pair), "status": ("status", _status)}
)


def _wanted(body: Mapping[str, object]) -> UnfinishedFilter:
    """Read the filters; null means absent. Raises HttpProblem with every bad one."""
    values, errors = optional_fields(body, _FIELDS)
    if errors:
        raise invalid(errors)
    return UnfinishedFilter(**values)
