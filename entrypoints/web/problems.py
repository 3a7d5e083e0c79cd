"""Errors on the wire: one table from code to status, and RFC 9457 problem documents."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Literal
from urllib.parse import quote

import falcon
import msgspec
from attrs import frozen

from application.errors import ApplicationError, RateLimited, TradingHalted
from application.ports.authenticator import Unauthenticated
from application.ports.errors import DataRefused, InvalidCursor, PortError, QueueUnavailable, StoreUnavailable
from domain.errors import DomainError, FieldError, ValidationFailed

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 1
# So much of an address is told back; ours are shorter.
_PATH_MOST = 200


@frozen
class ProblemKind:
    """What all problems of one code share; `detail` is the text when the occasion has none of its own."""

    status: int
    title: str
    detail: str


def _kind(status: int, title: str, detail: str) -> ProblemKind:
    return ProblemKind(status, title, detail)


PROBLEMS: Mapping[str, ProblemKind] = MappingProxyType(
    {
        "malformed_request": _kind(400, "Malformed request", "The request is not valid HTTP"),
        "malformed_body": _kind(400, "Malformed body", "The body must be a JSON object"),
        "validation_failed": _kind(400, "Validation failed", "The request breaks a rule"),
        "unauthenticated": _kind(401, "Unauthenticated", "A valid credential is needed"),
        "forbidden": _kind(403, "Forbidden", "The credential does not allow this"),
        "foreign_origin": _kind(403, "Foreign origin", "A page of another site must not do this"),
        "not_found": _kind(404, "Not found", "There is nothing at this address"),
        "order_not_found": _kind(404, "Order not found", "No such order"),
        "webhook_not_found": _kind(404, "Webhook not found", "No such webhook"),
        "webhooks_off": _kind(404, "Webhooks off", "Webhooks are off here: ORDER_ENGINE_WEBHOOKS_KEY_FILE is not set"),
        "method_not_allowed": _kind(405, "Method not allowed", "This address does not take this method"),
        "request_timeout": _kind(408, "Request timeout", "The request did not come in time"),
        "client_order_id_conflict": _kind(
            409, "Client order id conflict", "This clientOrderId belongs to an order that asks for something else"
        ),
        "order_not_cancellable": _kind(409, "Order not cancellable", "The order can no longer be cancelled"),
        "order_is_final": _kind(409, "Order is final", "The order has ended already"),
        "order_does_not_run": _kind(409, "Order does not run", "The order is held or resting"),
        "order_is_dead_letter": _kind(409, "Order is a dead letter", "Its job is a dead letter: revive it"),
        "order_not_dead_letter": _kind(409, "Order is no dead letter", "The order's job is no dead letter"),
        "order_may_have_landed": _kind(409, "Order may have landed", "The order's transaction may have landed"),
        "webhook_disabled": _kind(409, "Webhook disabled", "The webhook is disabled: enable it first"),
        "too_many_webhooks": _kind(409, "Too many webhooks", "A user has no more webhooks than so many"),
        "payload_too_large": _kind(413, "Payload too large", "The body must have at most 16 KiB"),
        "unsupported_media_type": _kind(415, "Unsupported media type", "The Content-Type must be application/json"),
        "misdirected_request": _kind(421, "Misdirected request", "The host that is asked for is not this engine"),
        "idempotency_key_reused": _kind(
            422, "Idempotency key reused", "This Idempotency-Key belongs to an order that asks for something else"
        ),
        "unknown_token": _kind(422, "Unknown token", "The token list has no such token"),
        "ambiguous_token": _kind(422, "Ambiguous token", "The token list has several such tokens"),
        "upgrade_required": _kind(426, "Upgrade required", "The version of WebSockets that is spoken here is 13"),
        "rate_limited": _kind(429, "Rate limited", "Too many requests"),
        "internal": _kind(500, "Internal error", "Something went wrong here; it was logged with the requestId"),
        "not_implemented": _kind(501, "Not implemented", "The request needs what is not spoken here"),
        "store_unavailable": _kind(503, "Store unavailable", "Orders cannot be read or written now"),
        "queue_unavailable": _kind(503, "Queue unavailable", "The queue cannot be reached now"),
        "overloaded": _kind(503, "Overloaded", "Too much is waiting already"),
        "trading_halted": _kind(503, "Trading halted", "Trading is halted: no orders are taken now"),
        "http_version_not_supported": _kind(
            505, "HTTP version not supported", "The versions of HTTP that are spoken here are 1.0 and 1.1"
        ),
    }
)


class HttpProblem(Exception):
    """A refusal that ends the request: a `code` of PROBLEMS, and what is special about this occasion.

    `accepted` says for a 503 whether the order may be in the store all the same; `headers` go with the answer.
    """

    def __init__(
        self,
        code: str,
        detail: str | None = None,
        *,
        errors: tuple[FieldError, ...] = (),
        accepted: Literal[False, "unknown"] | None = None,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.kind = PROBLEMS[code]
        super().__init__(detail or self.kind.detail)
        self.code = code
        self.errors = errors
        self.accepted = accepted
        self.headers = headers

    def document(self, path: str, request_id: str) -> bytes:
        """Return the problem document of this occasion at `path`."""
        detail = str(self)
        members: dict[str, Any] = {
            "type": f"urn:problem-type:order-engine:{self.code}",
            "title": self.kind.title,
            "status": self.kind.status,
            "detail": detail,
            "instance": quote(path[:_PATH_MOST]),
            "code": self.code,
            "requestId": request_id,
            "error": detail,
        }
        if self.accepted is not None:
            members["accepted"] = self.accepted
        if self.errors:
            members["errors"] = [{"field": error.field, "message": error.message} for error in self.errors]
        return msgspec.json.encode(members)


def invalid(errors: Iterable[FieldError]) -> HttpProblem:
    """Return the problem of these bad fields."""
    found = tuple(errors)
    return HttpProblem("validation_failed", "; ".join(f"{e.field}: {e.message}" for e in found), errors=found)


def unauthenticated(*, sent: bool) -> HttpProblem:
    """Return the problem of a request without a good credential, whether it `sent` one or not (RFC 6750)."""
    challenge = 'Bearer error="invalid_token"' if sent else "Bearer"
    return HttpProblem("unauthenticated", headers={"WWW-Authenticate": challenge})


def problem_of(error: Exception) -> HttpProblem:
    """Return the answer to any error. Texts of ports and of surprises stay here."""
    match error:
        case HttpProblem():
            return error
        case ValidationFailed():
            return invalid(error.errors)
        case StoreUnavailable():
            return _come_back(error.code, error.accepted)
        case QueueUnavailable():
            return _come_back(error.code, "unknown")
        case DataRefused():
            return invalid([FieldError("body", "holds a value that cannot be stored")])
        case InvalidCursor():
            return invalid([FieldError("cursor", "must be a nextCursor of this list")])
        case TradingHalted():
            return _come_back(error.code, False)
        case RateLimited():
            return HttpProblem(error.code, headers={"Retry-After": str(error.retry_after)})
        case ApplicationError() | DomainError() if error.code in PROBLEMS:
            return HttpProblem(error.code, str(error))
        case Unauthenticated():
            return unauthenticated(sent=True)
        case PortError():
            return _come_back(error.code, False) if PROBLEMS[error.code].status == 503 else HttpProblem(error.code)
        case falcon.HTTPError():
            return _framework_problem(error)
    return HttpProblem("internal")


def _come_back(code: str, accepted: Literal[False, "unknown"]) -> HttpProblem:
    return HttpProblem(code, accepted=accepted, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})


def _framework_problem(error: falcon.HTTPError) -> HttpProblem:
    match error.status_code:
        case 404:
            return HttpProblem("not_found")
        case 405:
            return HttpProblem("method_not_allowed", headers=dict(error.headers or {}))
        case 413:
            return HttpProblem("payload_too_large")
        case 415:
            return HttpProblem("unsupported_media_type")
        case status if status >= 500:
            return HttpProblem("internal")
    return HttpProblem("malformed_request", error.description)
