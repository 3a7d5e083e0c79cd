"""Where events of users' orders are sent to: the calls for it, as `client.webhooks`."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Required, TypedDict, TypeVar, Unpack
from urllib.parse import quote

from attrs import field, frozen

from order_engine_client.calls import Call, all_of, body_of, one_of, page_of, query_of
from order_engine_client.models import Model, Page

T = TypeVar("T")
Ask = Callable[[int, str | None], Call[Page["Delivery"]]]
_PATH = "/api/webhooks"


@frozen(kw_only=True)
class Webhook(Model):
    """An endpoint; its `secret` is there when it was made or rotated just now, and never again."""

    webhook_id: str
    user_id: str
    url: str
    events: tuple[str, ...]
    enabled: bool
    created_at: datetime
    disabled_at: datetime | None
    disabled_why: str | None
    secret: str | None = field(default=None, repr=False)


@frozen(kw_only=True)
class Delivery(Model):
    """An attempt: what was answered, or else why nothing was. A test event is no order's."""

    event: str
    delivered: bool
    status: int | None
    error: str | None
    duration_ms: int
    at: datetime
    order_id: str | None = None
    seq: int | None = None


@frozen(kw_only=True)
class Replay(Model):
    """How many orders' events are sent again; `next_since` is where to go on, where these are not all."""

    orders: int
    next_since: datetime | None


class NewWebhook(TypedDict, total=False):
    """An endpoint to make; without `events` it gets all, without `user_id` it is the credential's user's."""

    url: Required[str]
    events: Sequence[str] | None
    user_id: str | None


class WebhookChange(TypedDict, total=False):
    """What to change of an endpoint."""

    url: str | None
    events: Sequence[str] | None
    enabled: bool | None


def create(new: NewWebhook) -> Call[Webhook]:
    """Make an endpoint: said again, there would be two."""
    return Call("POST", _PATH, one_of(Webhook), body=body_of(new), status=201, repeatable=False)


def find(user_id: str | None) -> Call[tuple[Webhook, ...]]:
    """List endpoints."""
    return Call("GET", _PATH, all_of(Webhook), query_of({"user_id": user_id}))


def get(webhook_id: str) -> Call[Webhook]:
    """Read an endpoint."""
    return Call("GET", _path(webhook_id), one_of(Webhook))


def change(webhook_id: str, changes: WebhookChange) -> Call[Webhook]:
    """Change an endpoint."""
    return Call("PATCH", _path(webhook_id), one_of(Webhook), body=body_of(changes))


def remove(webhook_id: str) -> Call[None]:
    """Remove an endpoint: said again, there is none."""
    return Call("DELETE", _path(webhook_id), _nothing, status=204, repeatable=False)


def rotate_secret(webhook_id: str) -> Call[Webhook]:
    """Give an endpoint a new secret: said again, the first is gone."""
    return Call("POST", f"{_path(webhook_id)}/rotate-secret", one_of(Webhook), repeatable=False)


def test(webhook_id: str) -> Call[Delivery]:
    """Send a test event."""
    return Call("POST", f"{_path(webhook_id)}/test", one_of(Delivery))


def deliveries(webhook_id: str, limit: int, cursor: str | None) -> Call[Page[Delivery]]:
    """Read a page of attempts."""
    query = query_of({"limit": limit, "cursor": cursor})
    return Call("GET", f"{_path(webhook_id)}/deliveries", page_of(Delivery), query)


def replay(webhook_id: str, since: datetime, until: datetime | None) -> Call[Replay]:
    """Have events sent again."""
    body = body_of({"since": since, "until": until})
    return Call("POST", f"{_path(webhook_id)}/replay", one_of(Replay), body=body, status=202)


@frozen
class Webhooks:
    """The calls, one method each; a thread waits for the answer."""

    _send: Callable[[Call[Any]], Any]
    _pages: Callable[[Ask, int | None], Iterator[Page[Delivery]]]

    def create(self, **new: Unpack[NewWebhook]) -> Webhook:
        """Make an endpoint and return it, with its secret."""
        made: Webhook = self._send(create(new))
        return made

    def find(self, user_id: str | None = None) -> tuple[Webhook, ...]:
        """Return a user's endpoints, or those of all whom the credential acts for."""
        found: tuple[Webhook, ...] = self._send(find(user_id))
        return found

    def get(self, webhook_id: str) -> Webhook:
        """Return an endpoint."""
        found: Webhook = self._send(get(webhook_id))
        return found

    def change(self, webhook_id: str, **changes: Unpack[WebhookChange]) -> Webhook:
        """Change an endpoint and return it."""
        changed: Webhook = self._send(change(webhook_id, changes))
        return changed

    def remove(self, webhook_id: str) -> None:
        """Remove an endpoint."""
        self._send(remove(webhook_id))

    def rotate_secret(self, webhook_id: str) -> Webhook:
        """Give an endpoint a new secret and return it, with that; the old one signs too for a day."""
        rotated: Webhook = self._send(rotate_secret(webhook_id))
        return rotated

    def test(self, webhook_id: str) -> Delivery:
        """Have a test event sent now; return what came of it."""
        tried: Delivery = self._send(test(webhook_id))
        return tried

    def deliveries(self, webhook_id: str, limit: int | None = None) -> Iterator[Delivery]:
        """Go through attempts, newest first, up to `limit`."""
        pages = self._pages(lambda size, cursor: deliveries(webhook_id, size, cursor), limit)
        return (one for page in pages for one in page.data)

    def replay(self, webhook_id: str, since: datetime, until: datetime | None = None) -> Replay:
        """Have all events sent again of the orders that were accepted from `since` on, before `until`."""
        replayed: Replay = self._send(replay(webhook_id, since, until))
        return replayed


@frozen
class AsyncWebhooks:
    """The same for asyncio."""

    _send: Callable[[Call[Any]], Awaitable[Any]]
    _pages: Callable[[Ask, int | None], AsyncIterator[Page[Delivery]]]

    async def create(self, **new: Unpack[NewWebhook]) -> Webhook:
        """Make an endpoint and return it, with its secret."""
        made: Webhook = await self._send(create(new))
        return made

    async def find(self, user_id: str | None = None) -> tuple[Webhook, ...]:
        """Return a user's endpoints, or those of all whom the credential acts for."""
        found: tuple[Webhook, ...] = await self._send(find(user_id))
        return found

    async def get(self, webhook_id: str) -> Webhook:
        """Return an endpoint."""
        found: Webhook = await self._send(get(webhook_id))
        return found

    async def change(self, webhook_id: str, **changes: Unpack[WebhookChange]) -> Webhook:
        """Change an endpoint and return it."""
        changed: Webhook = await self._send(change(webhook_id, changes))
        return changed

    async def remove(self, webhook_id: str) -> None:
        """Remove an endpoint."""
        await self._send(remove(webhook_id))

    async def rotate_secret(self, webhook_id: str) -> Webhook:
        """Give an endpoint a new secret and return it, with that; the old one signs too for a day."""
        rotated: Webhook = await self._send(rotate_secret(webhook_id))
        return rotated

    async def test(self, webhook_id: str) -> Delivery:
        """Have a test event sent now; return what came of it."""
        tried: Delivery = await self._send(test(webhook_id))
        return tried

    async def deliveries(self, webhook_id: str, limit: int | None = None) -> AsyncIterator[Delivery]:
        """Go through attempts, newest first, up to `limit`."""
        async for page in self._pages(lambda size, cursor: deliveries(webhook_id, size, cursor), limit):
            for one in page.data:
                yield one

    async def replay(self, webhook_id: str, since: datetime, until: datetime | None = None) -> Replay:
        """Have all events sent again of the orders that were accepted from `since` on, before `until`."""
        replayed: Replay = await self._send(replay(webhook_id, since, until))
        return replayed


def _path(webhook_id: str) -> str:
    return f"{_PATH}/{quote(webhook_id, safe='')}"


def _nothing(_: object, __: Mapping[str, str]) -> None:
    return None
