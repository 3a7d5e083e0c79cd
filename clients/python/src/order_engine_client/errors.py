"""What can go wrong: nobody answers, somebody else does, or the engine refuses, with one class a code."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from attrs import frozen


class OrderEngineError(Exception):
    """All troubles of this package.

    `maybe_done`: what was asked for may have been done all the same. An order is then safe to submit again with
    `idempotency_key`, the key that it was sent with.
    """

    maybe_done: bool = False
    idempotency_key: str | None = None


class Unreachable(OrderEngineError):
    """No connection came about: nothing was asked for. `why` says it where the network does."""

    def __init__(self, url: str, why: str | None = None) -> None:
        self.url, self.why = url, why
        super().__init__(f"Nobody answers at {url}" + (f": {why}" if why else ""))


class NoAnswer(OrderEngineError):
    """The engine was reached, and its answer was not."""

    maybe_done = True


class NotAnEngine(OrderEngineError):
    """Somebody else answers there; `answer` says how."""

    def __init__(self, url: str, answer: str) -> None:
        self.url, self.answer = url, answer
        super().__init__(f"{url} answers, but it is not an order engine: {answer}")


class OutOfTime(OrderEngineError):
    """The time that a watch was given is over; the order goes on."""


@frozen
class FieldError:
    """What is wrong with one field or parameter."""

    field: str
    message: str


class Refused(OrderEngineError):
    """The engine said no, in a problem document: `code` never changes, `detail` is for people.

    `errors` has every bad field at once. `retry_after` says in how many seconds the same may be asked again; None:
    never. A code that this version does not know is a plain `Refused`.
    """

    CODE: ClassVar[str] = ""
    _by_code: ClassVar[dict[str, type["Refused"]]] = {}

    def __init__(self, problem: Mapping[str, Any], status: int, retry_after: float | None = None) -> None:
        self.problem, self.status, self.retry_after = problem, status, retry_after
        self.code = str(problem["code"])
        self.detail = str(problem.get("detail") or problem.get("title") or self.code)
        self.request_id: str | None = problem.get("requestId")
        self.accepted: Literal[False, "unknown"] | None = problem.get("accepted")
        self.maybe_done = self.accepted == "unknown" or status == 500  # which may have come after the commit
        listed = problem.get("errors")
        self.errors = tuple(
            FieldError(str(error.get("field")), str(error.get("message")))
            for error in (listed if isinstance(listed, list) else ())
            if isinstance(error, dict)
        )
        super().__init__(f"{self.code}: {self.detail}")

    def __init_subclass__(cls) -> None:
        Refused._by_code[cls.CODE] = cls

    @classmethod
    def known(cls) -> Mapping[str, type["Refused"]]:
        """Return the classes by their codes."""
        return cls._by_code

    @staticmethod
    def of(problem: Mapping[str, Any], status: int, retry_after: float | None = None) -> "Refused":
        """Return the refusal of a problem document, of its code's class."""
        return Refused._by_code.get(str(problem["code"]), Refused)(problem, status, retry_after)


class MalformedRequest(Refused):
    """The request is not valid HTTP."""

    CODE = "malformed_request"


class MalformedBody(Refused):
    """The body is not one JSON object."""

    CODE = "malformed_body"


class ValidationFailed(Refused):
    """Fields or parameters break their rules: `errors` has each."""

    CODE = "validation_failed"


class Unauthenticated(Refused):
    """A good credential is needed."""

    CODE = "unauthenticated"


class Forbidden(Refused):
    """The credential lacks the scope, or does not act for this user."""

    CODE = "forbidden"


class ForeignOrigin(Refused):
    """A page of another site must not do this."""

    CODE = "foreign_origin"


class NotFound(Refused):
    """There is nothing at this address."""

    CODE = "not_found"


class OrderNotFound(Refused):
    """No such order, or another user's."""

    CODE = "order_not_found"


class WebhookNotFound(Refused):
    """No such webhook, or one of another user."""

    CODE = "webhook_not_found"


class WebhooksOff(Refused):
    """The engine sends no webhooks."""

    CODE = "webhooks_off"


class WebhookDisabled(Refused):
    """Nothing is sent to the webhook until it is enabled."""

    CODE = "webhook_disabled"


class TooManyWebhooks(Refused):
    """The user has as many webhooks as one may have."""

    CODE = "too_many_webhooks"


class MethodNotAllowed(Refused):
    """The address does not take this method."""

    CODE = "method_not_allowed"


class RequestTimeout(Refused):
    """The request did not come in time."""

    CODE = "request_timeout"


class ClientOrderIdConflict(Refused):
    """This client order id belongs to an order that asks for something else."""

    CODE = "client_order_id_conflict"


class OrderNotCancellable(Refused):
    """The order's transaction is submitted, or it is final."""

    CODE = "order_not_cancellable"


class OrderIsFinal(Refused):
    """The order has ended already."""

    CODE = "order_is_final"


class OrderDoesNotRun(Refused):
    """The order is held or resting."""

    CODE = "order_does_not_run"


class OrderIsDeadLetter(Refused):
    """The order's job is a dead letter: revive it."""

    CODE = "order_is_dead_letter"


class OrderNotDeadLetter(Refused):
    """The order's job is no dead letter."""

    CODE = "order_not_dead_letter"


class OrderMayHaveLanded(Refused):
    """The order's transaction has landed, or may."""

    CODE = "order_may_have_landed"


class PayloadTooLarge(Refused):
    """The body is too long."""

    CODE = "payload_too_large"


class UnsupportedMediaType(Refused):
    """The body is not JSON."""

    CODE = "unsupported_media_type"


class MisdirectedRequest(Refused):
    """The host in the URL is none of the engine's names."""

    CODE = "misdirected_request"


class IdempotencyKeyReused(Refused):
    """This key belongs to an order that asks for something else."""

    CODE = "idempotency_key_reused"


class UnknownToken(Refused):
    """The token list has no such token."""

    CODE = "unknown_token"


class AmbiguousToken(Refused):
    """The token list has several such tokens."""

    CODE = "ambiguous_token"


class UpgradeRequired(Refused):
    """Another version of WebSockets is spoken there."""

    CODE = "upgrade_required"


class RateLimited(Refused):
    """Too many requests: `retry_after` says when there is room."""

    CODE = "rate_limited"


class Internal(Refused):
    """Something went wrong in the engine, whose log has `request_id`."""

    CODE = "internal"


class NotImplementedThere(Refused):
    """The request needs what the engine does not speak."""

    CODE = "not_implemented"


class StoreUnavailable(Refused):
    """Orders cannot be read or written now."""

    CODE = "store_unavailable"


class QueueUnavailable(Refused):
    """The queue cannot be reached now."""

    CODE = "queue_unavailable"


class Overloaded(Refused):
    """Too much is waiting already."""

    CODE = "overloaded"


class TradingHalted(Refused):
    """Trading is halted: no orders are taken now."""

    CODE = "trading_halted"


class HttpVersionNotSupported(Refused):
    """Another version of HTTP is spoken there."""

    CODE = "http_version_not_supported"
