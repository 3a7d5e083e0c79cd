"""A webhook endpoint: where a user's events are sent, which of them, and signed with what."""

from datetime import datetime, timedelta

from attrs import evolve, field, frozen

from domain.status import OrderStatus

# One an event, by the status of its frame.
EVENTS = tuple(f"order.{status}" for status in OrderStatus)
TEST_EVENT = "webhook.test"
# So long an event is tried before its endpoint is disabled, and so long what was signed before goes on to be.
PATIENCE = timedelta(hours=24)
OVERLAP = timedelta(hours=24)


@frozen
class WebhookEndpoint:
    """An endpoint of a user's; `events` are in the order of EVENTS. Changing it gives it a new `revision`.

    `enabled_at` is when it was made or enabled last. A secret that was replaced signs too, until `previous_until`.
    """

    webhook_id: str
    user_id: str
    url: str
    events: tuple[str, ...]
    secret: str = field(repr=False)
    created_at: datetime
    enabled_at: datetime
    disabled_at: datetime | None = None
    disabled_why: str | None = None
    previous_secret: str | None = field(default=None, repr=False)
    previous_until: datetime | None = None
    revision: int = 0

    @property
    def enabled(self) -> bool:
        """Whether events are sent to it."""
        return self.disabled_at is None

    def wants(self, event: str) -> bool:
        """Whether events of this kind are sent to it."""
        return event in self.events

    def secrets_at(self, now: datetime) -> tuple[str, ...]:
        """Return the secrets that sign what is sent now, the newest first."""
        if self.previous_secret is None or self.previous_until is None or self.previous_until <= now:
            return (self.secret,)
        return (self.secret, self.previous_secret)

    def enable(self, at: datetime) -> "WebhookEndpoint":
        """Let events be sent to it, from now on."""
        return self if self.enabled else evolve(self, enabled_at=at, disabled_at=None, disabled_why=None)

    def disable(self, at: datetime, why: str) -> "WebhookEndpoint":
        """Send it nothing more."""
        return evolve(self, disabled_at=at, disabled_why=why) if self.enabled else self

    def rotate(self, secret: str, at: datetime) -> "WebhookEndpoint":
        """Sign with another secret, and for a day with the one until now too."""
        return evolve(self, secret=secret, previous_secret=self.secret, previous_until=at + OVERLAP)

    def gives_up(self, failing_since: datetime, now: datetime) -> bool:
        """Whether an event that failed since then has been tried for long enough."""
        return now - max(failing_since, self.enabled_at) >= PATIENCE
