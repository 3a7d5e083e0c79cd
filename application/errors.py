"""What a use case refuses, each with a code that never changes."""

from collections.abc import Sequence
from typing import ClassVar


class ApplicationError(Exception):
    """A request that cannot be served; `code` is stable, the text is safe to show."""

    code: ClassVar[str] = "application_error"


class Forbidden(ApplicationError):
    """The caller may not do this, or not for this user."""

    code = "forbidden"

    def __init__(self) -> None:
        super().__init__("The credential does not allow this")


class RateLimited(ApplicationError):
    """Too much was asked in too short a time; it may be asked again after `retry_after` whole seconds."""

    code = "rate_limited"

    def __init__(self, retry_after: int) -> None:
        super().__init__("Too many requests")
        self.retry_after = retry_after


class InvalidKey(ApplicationError):
    """No API key can be so; the text says why."""

    code = "invalid_key"


class KeyNotFound(ApplicationError):
    """No API key has this id, or it is revoked or expired."""

    code = "key_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such key, or it is revoked or expired")


class TradingHalted(ApplicationError):
    """Trading is halted: no order is taken until an operator lets it go on."""

    code = "trading_halted"

    def __init__(self) -> None:
        super().__init__("Trading is halted: no orders are taken now")


class UnknownVenue(ApplicationError):
    """No venue has this name."""

    code = "unknown_venue"

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(f"{name} is not among the venues that the settings here name: {', '.join(known)}")


class TradingNotCompared(ApplicationError):
    """The database lacks writes, and what the venues did was not compared with it yet."""

    code = "trading_not_compared"

    def __init__(self) -> None:
        super().__init__("The database lacks writes: trading goes on after the orders were compared with the venues")


class OrderNotFound(ApplicationError):
    """No such order, or not one that the asker may see."""

    code = "order_not_found"

    def __init__(self) -> None:
        super().__init__("No such order")


class OrderNotCancellable(ApplicationError):
    """The order's transaction is submitted, or the order is final."""

    code = "order_not_cancellable"

    def __init__(self, status: str) -> None:
        super().__init__(f"The order is {status} and can no longer be cancelled")


class OrderIsFinal(ApplicationError):
    """The order has ended; nothing is left to run or to fail."""

    code = "order_is_final"

    def __init__(self, status: str) -> None:
        super().__init__(f"The order is {status} already")


class OrderDoesNotRun(ApplicationError):
    """The order is held or resting: a worker would leave its job alone."""

    code = "order_does_not_run"

    def __init__(self, why: str) -> None:
        super().__init__(f"The order does not run now: {why}")


class OrderIsDeadLetter(ApplicationError):
    """The order's job is a dead letter: it is in the queue, and no worker takes it."""

    code = "order_is_dead_letter"

    def __init__(self) -> None:
        super().__init__("Its job is a dead letter: `queue revive` puts it back, `orders fail` ends the order")


class OrderNotDeadLetter(ApplicationError):
    """The order's job is no dead letter: there is nothing to revive."""

    code = "order_not_dead_letter"

    def __init__(self) -> None:
        super().__init__("The order's job is no dead letter")


class OrderMayHaveLanded(ApplicationError):
    """The order's transaction has landed, or may still; failing the order would hide a swap."""

    code = "order_may_have_landed"

    def __init__(self, why: str) -> None:
        super().__init__(f"The order's transaction may have landed: {why}")


class SwapNotConfirmable(ApplicationError):
    """There is no swap that an operator could confirm the order with."""

    code = "swap_not_confirmable"

    def __init__(self, why: str) -> None:
        super().__init__(f"The order cannot be confirmed: {why}")


class WebhookNotFound(ApplicationError):
    """No such webhook endpoint, or not one of a user that the asker acts for."""

    code = "webhook_not_found"

    def __init__(self) -> None:
        super().__init__("No such webhook")


class WebhookDisabled(ApplicationError):
    """Nothing is sent to the endpoint until it is enabled."""

    code = "webhook_disabled"

    def __init__(self) -> None:
        super().__init__("The webhook is disabled: enable it first")


class TooManyWebhooks(ApplicationError):
    """A user has as many webhook endpoints as one may have."""

    code = "too_many_webhooks"

    def __init__(self, most: int) -> None:
        super().__init__(f"A user has {most} webhooks at most")


class SlowWatcher(ApplicationError):
    """A watcher let more frames wait than it may."""

    code = "slow_watcher"
