"""`/api/webhooks`: the endpoints that a user's events are sent to."""

from collections.abc import Callable, Mapping
from datetime import datetime
from json import JSONEncoder
from typing import Any, ClassVar

import falcon
from attrs import frozen
from falcon.asgi import Response

from application.frames import timestamp
from application.manage_webhooks import ManageWebhooks
from application.ports.webhooks import Attempt, AttemptPage
from domain.errors import FieldError, unknown_names
from domain.webhook import TEST_EVENT, WebhookEndpoint
from domain.webhook_request import WebhookRequest
from entrypoints.web import params
from entrypoints.web.http.body import json_object
from entrypoints.web.problems import HttpProblem, invalid
from entrypoints.web.request import Request

_compact: Callable[[Any], str] = JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


@frozen
class _Resource:
    """What all of them have: the use case, if webhooks are on."""

    webhooks: ManageWebhooks | None

    @property
    def manage(self) -> ManageWebhooks:
        """The use case. Raises HttpProblem `webhooks_off`."""
        if self.webhooks is None:
            raise HttpProblem("webhooks_off")
        return self.webhooks


@frozen
class WebhooksResource(_Resource):
    """`/api/webhooks`."""

    reads_query: ClassVar[bool] = True

    async def on_get(self, req: Request, resp: Response) -> None:
        """List endpoints."""
        found = await self.manage.find(req.caller, params.webhooks_query(req.params))
        resp.text = _compact({"data": [_facts(endpoint) for endpoint in found], "nextCursor": None})

    on_head = on_get

    async def on_post(self, req: Request, resp: Response) -> None:
        """Make an endpoint; its secret is shown now and never again."""
        params.refuse(req.params)
        plain_http = self.manage.plain_http
        request = WebhookRequest.parse(await json_object(req), new=True, plain_http=plain_http)
        endpoint = await self.manage.create(req.caller, request)
        resp.text = _compact({**_facts(endpoint), "secret": endpoint.secret})
        resp.status = falcon.HTTP_201
        resp.set_header("Location", f"/api/webhooks/{endpoint.webhook_id}")


@frozen
class WebhookResource(_Resource):
    """`/api/webhooks/{webhookId}`."""

    async def on_get(self, req: Request, resp: Response, webhook_id: str) -> None:
        """Show an endpoint."""
        resp.text = _compact(_facts(await self.manage.get(req.caller, webhook_id)))

    on_head = on_get

    async def on_patch(self, req: Request, resp: Response, webhook_id: str) -> None:
        """Change an endpoint."""
        plain_http = self.manage.plain_http
        request = WebhookRequest.parse(await json_object(req), new=False, plain_http=plain_http)
        resp.text = _compact(_facts(await self.manage.change(req.caller, webhook_id, request)))

    async def on_delete(self, req: Request, resp: Response, webhook_id: str) -> None:
        """Remove an endpoint."""
        await self.manage.remove(req.caller, webhook_id)
        resp.status = falcon.HTTP_204


@frozen
class SecretResource(_Resource):
    """`POST /api/webhooks/{webhookId}/rotate-secret`."""

    async def on_post(self, req: Request, resp: Response, webhook_id: str) -> None:
        """Give an endpoint a new secret, shown now and never again."""
        endpoint = await self.manage.rotate_secret(req.caller, webhook_id)
        until = endpoint.previous_until
        more = {"secret": endpoint.secret, "previousUntil": until and timestamp(until)}
        resp.text = _compact({**_facts(endpoint), **more})


@frozen
class TestResource(_Resource):
    """`POST /api/webhooks/{webhookId}/test`."""

    async def on_post(self, req: Request, resp: Response, webhook_id: str) -> None:
        """Send a test event, and say what came back."""
        attempt = await self.manage.test(req.caller, webhook_id)
        resp.text = _compact({"event": TEST_EVENT, **_outcome(attempt)})


@frozen
class DeliveriesResource(_Resource):
    """`GET /api/webhooks/{webhookId}/deliveries`."""

    reads_query: ClassVar[bool] = True

    async def on_get(self, req: Request, resp: Response, webhook_id: str) -> None:
        """List what was tried, newest first."""
        before, limit = params.deliveries_query(req.params)
        resp.text = _page(await self.manage.attempts(req.caller, webhook_id, before, limit))

    on_head = on_get


@frozen
class ReplayResource(_Resource):
    """`POST /api/webhooks/{webhookId}/replay`."""

    async def on_post(self, req: Request, resp: Response, webhook_id: str) -> None:
        """Have events sent again."""
        since, until = _times(await json_object(req))
        replay = await self.manage.replay(req.caller, webhook_id, since, until)
        following = replay.next_since and timestamp(replay.next_since)
        resp.text = _compact({"orders": replay.orders, "nextSince": following})
        resp.status = falcon.HTTP_202


def _times(body: Mapping[str, object]) -> tuple[datetime, datetime | None]:
    """Read a replay's `since` and `until`. Raises HttpProblem with every bad field."""
    errors: list[FieldError] = []
    times: dict[str, datetime] = {}
    for name in ("since", "until"):
        try:
            if body.get(name) is not None:
                times[name] = params.time_of(body[name])
        except ValueError as error:
            errors.append(FieldError(name, str(error)))
    if body.get("since") is None:
        errors.append(FieldError("since", "is required"))
    errors += unknown_names([name for name in body if name not in ("since", "until")], "unknown field", "body")
    if errors:
        raise invalid(errors)
    return times["since"], times.get("until")


def _facts(endpoint: WebhookEndpoint) -> dict[str, Any]:
    disabled_at = endpoint.disabled_at
    return {
        "webhookId": endpoint.webhook_id,
        "userId": endpoint.user_id,
        "url": endpoint.url,
        "events": endpoint.events,
        "enabled": endpoint.enabled,
        "createdAt": timestamp(endpoint.created_at),
        "disabledAt": disabled_at and timestamp(disabled_at),
        "disabledWhy": endpoint.disabled_why,
    }


def _outcome(attempt: Attempt) -> dict[str, Any]:
    return {
        "delivered": attempt.succeeded,
        "status": attempt.status,
        "error": attempt.error,
        "durationMs": round(attempt.seconds * 1000),
        "at": timestamp(attempt.at),
    }


def _page(page: AttemptPage) -> str:
    data = [{"orderId": one.order_id, "seq": one.seq, "event": one.event, **_outcome(one)} for one in page.attempts]
    following = None if page.next_before is None else str(page.next_before)
    return _compact({"data": data, "nextCursor": following})
