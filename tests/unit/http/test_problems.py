"""The table of problems: complete, and nothing inside leaks out of it."""

import json
from collections.abc import Iterator, Mapping

import falcon
import pytest

from application.errors import ApplicationError, OrderNotCancellable, OrderNotFound, RateLimited
from application.ports.errors import (
    ClientOrderIdConflict,
    DataRefused,
    IdempotencyKeyReused,
    InvalidCursor,
    Overloaded,
    PortError,
    QueueUnavailable,
    StaleOrder,
    StoreUnavailable,
)
from domain.errors import DomainError, FieldError, IllegalTransition, ValidationFailed
from entrypoints.web.problems import PROBLEMS, HttpProblem, problem_of

CONTRACT: Mapping[int, set[str]] = {
    400: {"malformed_body", "validation_failed"},
    401: {"unauthenticated"},
    403: {"forbidden", "foreign_origin"},
    404: {"not_found", "order_not_found", "webhook_not_found", "webhooks_off"},
    405: {"method_not_allowed"},
    409: {
        *("client_order_id_conflict", "order_not_cancellable", "order_is_final", "order_does_not_run"),
        *("order_is_dead_letter", "order_not_dead_letter", "order_may_have_landed"),
        *("webhook_disabled", "too_many_webhooks"),
    },
    413: {"payload_too_large"},
    415: {"unsupported_media_type"},
    421: {"misdirected_request"},
    422: {"idempotency_key_reused", "unknown_token", "ambiguous_token"},
    429: {"rate_limited"},
    500: {"internal"},
    503: {"store_unavailable", "queue_unavailable", "overloaded", "trading_halted"},
}
# What is no request that could be routed.
BELOW_THE_CONTRACT = {
    *("malformed_request", "request_timeout", "upgrade_required", "not_implemented", "http_version_not_supported"),
}
# Use cases deal with these, or only operators meet them; over HTTP one would be a mistake, which is `internal`.
NEVER_SHOWN = {
    "domain_error",
    "application_error",
    "invalid_amount",
    "illegal_transition",
    "slow_watcher",
    "swap_not_confirmable",
    "unknown_venue",
    "trading_not_compared",
    "invalid_key",
    "key_not_found",
}
SECRET = "SELECT * FROM orders at 10.0.0.7:/var/lib"


def errors_below(base: type[Exception]) -> Iterator[type[Exception]]:
    yield base
    for error in base.__subclasses__():
        yield from errors_below(error)


def test_the_table_has_the_contracts_codes_with_their_statuses() -> None:
    for status, codes in CONTRACT.items():
        assert {code for code in codes if code in PROBLEMS} == codes
        assert {PROBLEMS[code].status for code in codes} == {status}
    assert set(PROBLEMS) - set().union(*CONTRACT.values()) == BELOW_THE_CONTRACT


@pytest.mark.parametrize("base", [DomainError, ApplicationError, PortError])
def test_every_errors_code_is_in_the_table_or_never_shown(
    base: type[DomainError | ApplicationError | PortError],
) -> None:
    for error in errors_below(base):
        code = error.code  # type: ignore[attr-defined]
        assert (code in PROBLEMS) != (code in NEVER_SHOWN), error


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OrderNotFound(), "order_not_found"),
        (RateLimited(3), "rate_limited"),
        (OrderNotCancellable("submitted"), "order_not_cancellable"),
        (IdempotencyKeyReused(SECRET), "idempotency_key_reused"),
        (ClientOrderIdConflict(SECRET), "client_order_id_conflict"),
        (StoreUnavailable(SECRET), "store_unavailable"),
        (Overloaded(SECRET), "overloaded"),
        (DataRefused(SECRET), "validation_failed"),
        (InvalidCursor(SECRET), "validation_failed"),
        (ValidationFailed((FieldError("amount", "is required"),)), "validation_failed"),
        (IllegalTransition(SECRET), "internal"),
        (StaleOrder(SECRET), "internal"),
        (QueueUnavailable(SECRET), "queue_unavailable"),
        (PortError(SECRET), "internal"),
        (ValueError(SECRET), "internal"),
        (ExceptionGroup(SECRET, [ValueError(SECRET)]), "internal"),
        (falcon.HTTPRouteNotFound(), "not_found"),
        (falcon.HTTPMethodNotAllowed(["GET"]), "method_not_allowed"),
        (falcon.HTTPContentTooLarge(), "payload_too_large"),
        (falcon.HTTPUnsupportedMediaType(), "unsupported_media_type"),
        (falcon.HTTPInvalidHeader("must be a number", "Content-Length"), "malformed_request"),
        (falcon.HTTPInternalServerError(description=SECRET), "internal"),
        (HttpProblem("trading_halted"), "trading_halted"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_errors_become_problems_and_keep_their_secrets(error: Exception, code: str) -> None:
    problem = problem_of(error)
    document = problem.document("/api/orders", "id-1")
    assert problem.code == code
    assert b"SELECT" not in document
    assert b"10.0.0.7" not in document
    assert json.loads(document)["detail"]


@pytest.mark.parametrize(
    ("error", "accepted"),
    [(StoreUnavailable(), False), (StoreUnavailable(accepted="unknown"), "unknown"), (Overloaded(), False)],
)
def test_a_503_says_when_to_come_back_and_whether_the_order_may_be_there(error: Exception, accepted: object) -> None:
    problem = problem_of(error)
    assert json.loads(problem.document("/", "id-1"))["accepted"] == accepted
    assert int(problem.headers["Retry-After"]) >= 1


def test_a_document_has_its_members_in_order() -> None:
    problem = HttpProblem("validation_failed", "a: b", errors=(FieldError("a", "b"),))
    assert problem.document("/api/é x", "id-1").decode() == (
        '{"type":"urn:problem-type:order-engine:validation_failed","title":"Validation failed","status":400,'
        '"detail":"a: b","instance":"/api/%C3%A9%20x","code":"validation_failed","requestId":"id-1","error":"a: b",'
        '"errors":[{"field":"a","message":"b"}]}'
    )
