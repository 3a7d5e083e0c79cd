"""Manage webhook endpoints for their users: make, change, remove, test them, and have events sent again."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from attrs import evolve, field, frozen

from application.caller import Caller, Scope, canonical
from application.deliver_webhooks import send
from application.errors import TooManyWebhooks, WebhookDisabled, WebhookNotFound
from application.frames import timestamp
from application.ports.errors import Overloaded, StoreUnavailable
from application.ports.system import Clock, Ids
from application.ports.webhooks import Attempt, AttemptPage, WebhookEndpoints, WebhookOutbox, WebhookSender
from domain.errors import FieldError, ValidationFailed
from domain.webhook import EVENTS, TEST_EVENT, WebhookEndpoint
from domain.webhook_request import WebhookRequest

ENDPOINTS_MOST = 20
REPLAY_PAGE, REPLAY_PAGES = 1000, 100
# Each has a connection for as long as a receiver may take to answer, in a process that takes orders.
TESTS_MOST, TESTS_OF_USER_MOST = 32, 2
_TRIES = 5
# Orders have numbers by which process took them, whose clocks may differ by less.
_MARGIN = timedelta(minutes=1)
_BY_USER = "user"


@frozen
class Replay:
    """How many orders are sent again; `next_since` is where to go on, where these are not all."""

    orders: int
    next_since: datetime | None


@frozen
class ManageWebhooks:
    """Each call is for the caller's own endpoints, or with USERS_ANY for anybody's; another's is not found.

    `new_secret` makes a secret as Standard Webhooks writes it. With `plain_http` URLs may be `http:`.
    """

    endpoints: WebhookEndpoints
    outbox: WebhookOutbox
    sender: WebhookSender
    clock: Clock
    ids: Ids
    new_secret: Callable[[], str]
    plain_http: bool
    _tested: list[str] = field(factory=list)  # whose tests are under way

    async def create(self, caller: Caller, request: WebhookRequest) -> WebhookEndpoint:
        """Make an endpoint: the events of every order that its user places from now on are sent to it.

        Raises Forbidden, ValidationFailed when nobody is named and the caller is no user, TooManyWebhooks.
        """
        caller.require(Scope.WEBHOOKS)
        user_id = request.user_id if request.user_id is not None else caller.user_id
        if user_id is None:
            raise ValidationFailed((FieldError("userId", "is required"),))
        caller.require_user(user_id)
        assert request.url is not None  # noqa: S101 - WebhookRequest has it for a new one
        now = self.clock.now()
        events = request.events or EVENTS
        endpoint = WebhookEndpoint(self.ids.new(), user_id, request.url, events, self.new_secret(), now, now)
        if not await self.endpoints.add(endpoint, ENDPOINTS_MOST):
            raise TooManyWebhooks(ENDPOINTS_MOST)
        return endpoint

    async def find(self, caller: Caller, user_id: str | None) -> Sequence[WebhookEndpoint]:
        """Return the endpoints of a user, or of all whom the caller acts for, oldest first."""
        caller.require(Scope.WEBHOOKS)
        return await self.endpoints.find(caller.seen_users(user_id))

    async def get(self, caller: Caller, webhook_id: str) -> WebhookEndpoint:
        """Return the caller's endpoint. Raises WebhookNotFound."""
        caller.require(Scope.WEBHOOKS)
        known = canonical(webhook_id)
        endpoint = await self.endpoints.get(known) if known else None
        if endpoint is None or not caller.acts_for(endpoint.user_id):
            raise WebhookNotFound
        return endpoint

    async def change(self, caller: Caller, webhook_id: str, request: WebhookRequest) -> WebhookEndpoint:
        """Change what the request names of an endpoint; what it was to get waits while it is disabled."""
        now = self.clock.now()

        def changed(endpoint: WebhookEndpoint) -> WebhookEndpoint:
            if request.enabled is not None:
                endpoint = endpoint.enable(now) if request.enabled else endpoint.disable(now, _BY_USER)
            return evolve(endpoint, url=request.url or endpoint.url, events=request.events or endpoint.events)

        return await self._changed(caller, webhook_id, changed)

    async def rotate_secret(self, caller: Caller, webhook_id: str) -> WebhookEndpoint:
        """Give an endpoint a new secret; the old one signs too for a day."""
        secret, now = self.new_secret(), self.clock.now()
        return await self._changed(caller, webhook_id, lambda endpoint: endpoint.rotate(secret, now))

    async def remove(self, caller: Caller, webhook_id: str) -> None:
        """Remove an endpoint and all that it was to get."""
        endpoint = await self.get(caller, webhook_id)
        await self.endpoints.remove(endpoint.webhook_id)

    async def test(self, caller: Caller, webhook_id: str) -> Attempt:
        """Send a test event to an endpoint at once, enabled or not; return what came of it.

        Raises Overloaded while as many are under way as may be.
        """
        endpoint = await self.get(caller, webhook_id)
        if len(self._tested) >= TESTS_MOST or self._tested.count(endpoint.user_id) >= TESTS_OF_USER_MOST:
            raise Overloaded
        self._tested.append(endpoint.user_id)
        try:
            return await self._test(endpoint)
        finally:
            self._tested.remove(endpoint.user_id)

    async def attempts(self, caller: Caller, webhook_id: str, before: int | None, limit: int) -> AttemptPage:
        """Return what was tried to deliver to an endpoint, newest first."""
        endpoint = await self.get(caller, webhook_id)
        return await self.outbox.attempts(endpoint.webhook_id, before, limit)

    async def replay(self, caller: Caller, webhook_id: str, since: datetime, until: datetime | None) -> Replay:
        """Have all events sent again of the orders that were accepted from `since` on, before `until` (None: now).

        Safe to repeat. Raises WebhookDisabled.
        """
        endpoint = await self.get(caller, webhook_id)
        if not endpoint.enabled:
            raise WebhookDisabled
        until = until or self.clock.now() + _MARGIN
        count, after, reached = 0, 0, since
        for _ in range(REPLAY_PAGES):
            page = await self.outbox.replay(endpoint, since, until, after, REPLAY_PAGE)
            count += page.orders
            if page.next_after is None or page.reached is None:
                return Replay(count, None)
            after, reached = page.next_after, page.reached
        return Replay(count, max(since, reached - _MARGIN))

    async def _test(self, endpoint: WebhookEndpoint) -> Attempt:
        at, begun, message = self.clock.now(), self.clock.monotonic(), f"msg_test_{self.ids.new()}"
        body = f'{{"type":"{TEST_EVENT}","timestamp":"{timestamp(at)}","data":{{"webhookId":"{endpoint.webhook_id}"}}}}'
        answer = await send(self.sender, endpoint, message, body)
        return Attempt("", 0, TEST_EVENT, at, self.clock.monotonic() - begun, answer.status, answer.error)

    async def _changed(
        self, caller: Caller, webhook_id: str, change: Callable[[WebhookEndpoint], WebhookEndpoint]
    ) -> WebhookEndpoint:
        for _ in range(_TRIES):
            endpoint = await self.get(caller, webhook_id)
            changed = change(endpoint)
            if changed == endpoint or await self.endpoints.change(changed):
                return changed
        raise StoreUnavailable("others change the endpoint all the time")
