"""Webhooks: the users' endpoints, what is still to be sent to them, and the way there."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from attrs import frozen

from application.frames import Frame
from domain.webhook import WebhookEndpoint


class WebhookEndpoints(Protocol):
    """Keeps endpoints, their secrets encrypted. Calls raise StoreUnavailable within a bounded time.

    Every order that is added for a user after `add` has returned, on whatever process, is in the outbox of the endpoint
    while that is enabled: its row is made in the order's own commit.
    """

    async def add(self, endpoint: WebhookEndpoint, most: int) -> bool:
        """Keep a new endpoint, unless its user has `most` already; return whether it is kept. Idempotent by its id."""
        ...

    async def get(self, webhook_id: str) -> WebhookEndpoint | None:
        """Return an endpoint; None when there is none. Its secret is empty when it was encrypted with another key."""
        ...

    async def find(self, user_id: str | None) -> Sequence[WebhookEndpoint]:
        """Return the endpoints of a user, or of all, oldest first."""
        ...

    async def change(self, endpoint: WebhookEndpoint) -> bool:
        """Replace the endpoint of this id if it has this `revision`, which rises; return whether it had.

        One that is enabled by that is tried at once, with all that it still has to get.
        """
        ...

    async def remove(self, webhook_id: str) -> None:
        """Remove an endpoint, if there is one, and all that it was to get."""
        ...


@frozen
class Attempt:
    """One try to send an event: when, how long it took, and what came back (a status, or else an error's name)."""

    order_id: str
    seq: int
    event: str
    at: datetime
    seconds: float
    status: int | None = None
    error: str | None = None

    @property
    def succeeded(self) -> bool:
        """Whether the receiver has it."""
        return self.status is not None and 200 <= self.status < 300


@frozen
class Owed:
    """An order's frames above `delivered_seq` (-1: nothing of it was delivered), in order; `failures` of the first.

    `failing_since` is when the first of these was.
    """

    order_id: str
    delivered_seq: int
    frames: Sequence[Frame]
    failures: int = 0
    failing_since: datetime | None = None


@frozen
class Batch:
    """What one deliverer has to send to one endpoint while it holds the `lease`; the endpoint failed `failures` times.

    `failing_since`: when nothing went well any more.
    """

    endpoint: WebhookEndpoint
    lease: int
    owed: Sequence[Owed]
    failures: int = 0
    failing_since: datetime | None = None


@frozen
class Delivered:
    """What came of an order in a batch: how far it is now, as its `owed` says from where; `ended` when that was all.

    With `failures` it is tried again after `again_in` seconds.
    """

    owed: Owed
    delivered_seq: int
    ended: bool = False
    failures: int = 0
    again_in: float = 0.0


@frozen
class Settlement:
    """What came of a batch; with `failures` its endpoint is left alone for `again_in` seconds.

    `disabled_why`: it gets nothing more.
    """

    delivered: Sequence[Delivered]
    attempts: Sequence[Attempt]
    failures: int = 0
    again_in: float = 0.0
    disabled_why: str | None = None


@frozen
class AttemptPage:
    """One page of an endpoint's attempts, newest first; `next_before` is None on the last, and only there."""

    attempts: tuple[Attempt, ...]
    next_before: int | None


@frozen
class Replayed:
    """How many orders will be sent again, and if these may not be all the number to go on after.

    `reached` is then when the last of them was accepted.
    """

    orders: int
    next_after: int | None
    reached: datetime | None


class WebhookOutbox(Protocol):
    """What endpoints are still to get: a row an endpoint and order. Calls raise StoreUnavailable within a bounded time.

    An endpoint is one deliverer's at a time, for as long as its lease lasts; who comes too late changes nothing.
    """

    async def take(self, most: int, of_user: int, lease_seconds: float) -> Sequence[Batch]:
        """Lease up to `most` endpoints that have something to get now, those that waited longest first.

        Of one user's no more than `of_user` are leased at a time, whoever leases them: but for a few, when several do.
        An order that cannot be read is passed by for a while.
        """
        ...

    async def settle(self, batch: Batch, settlement: Settlement) -> bool:
        """Keep what came of a batch and give its lease back; return whether it was still held, else nothing is kept.

        An order that was set back meanwhile (`replay`) stays so. The last 1,000 attempts of an endpoint are kept.
        """
        ...

    async def replay(
        self, endpoint: WebhookEndpoint, since: datetime, until: datetime, after: int, most: int
    ) -> Replayed:
        """Have all events sent again of its user's orders that were accepted from `since` on, before `until`.

        The first `most` of those numbered above `after` (0: from the oldest). Safe to repeat.
        """
        ...

    async def attempts(self, webhook_id: str, before: int | None, limit: int) -> AttemptPage:
        """Return attempts newest first, at most `limit` (1 to 200), numbered below `before` (None: from the newest)."""
        ...

    async def tidy(self) -> None:
        """Forget some of what removed endpoints were to get. Call it now and then."""
        ...


@frozen
class Answer:
    """What came of sending: a status, or else an error's name; `again_in` is what the receiver asks for, in seconds."""

    status: int | None = None
    error: str | None = None
    again_in: float | None = None


class WebhookSender(Protocol):
    """The way to receivers: signed as Standard Webhooks has it, and to addresses only that may be sent to."""

    async def send_signed(self, endpoint: WebhookEndpoint, message_id: str, body: str) -> Answer:
        """Send a body under an id, within a bounded time; raises nothing that is the receiver's fault."""
        ...
