"""What is worth knowing of webhooks, one function each. URLs are not logged: they may be secret."""

from application.observe import metrics
from application.observe.log import Log
from application.ports.webhooks import Attempt

_log = Log.of("webhooks")


def attempted(webhook_id: str, attempt: Attempt) -> None:
    """Record that an event was sent to an endpoint, and how that ended."""
    outcome = "delivered" if attempt.succeeded else attempt.error or "refused"
    metrics.WEBHOOK_ATTEMPTS[outcome].observe(attempt.seconds)
    if _log.keeps_debug():
        _log.debug(
            "webhook_attempted",
            webhook_id=webhook_id,
            order_id=attempt.order_id,
            seq=attempt.seq,
            status=attempt.status,
            error=attempt.error,
        )


def endpoint_disabled(webhook_id: str, user_id: str, why: str) -> None:
    """Record that an endpoint gets nothing more until its user, or an operator, enables it."""
    metrics.WEBHOOKS_DISABLED.add()
    _log.error("webhook_disabled", webhook_id=webhook_id, user_id=user_id, why=why)


def lease_lost(webhook_id: str) -> None:
    """Record that another deliverer has an endpoint: what was sent meanwhile comes twice."""
    _log.warning("webhook_lease_lost", webhook_id=webhook_id)


def delivery_failed(webhook_id: str, error: Exception) -> None:
    """Record that a delivery ended in an error that nobody foresaw; it is tried again."""
    _log.error("webhook_delivery_failed", webhook_id=webhook_id, stack_of=error)


def taking_failed(error: Exception) -> None:
    """Record that nothing could be taken to be sent, in a way that nobody foresaw; it is tried again."""
    _log.error("webhook_taking_failed", stack_of=error)
