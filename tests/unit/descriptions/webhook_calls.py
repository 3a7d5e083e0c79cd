"""Calls for webhooks that bring about every answer that is described of them."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import httpx

from adapters.memory.webhook_endpoints import InMemoryWebhookEndpoints
from application.manage_webhooks import ENDPOINTS_MOST
from domain.webhook import WebhookEndpoint
from tests.builders import an_id

Call = Callable[..., Awaitable[httpx.Response]]
WEBHOOKS = "/api/webhooks"
GIVEN = {"url": "https://hooks.example.com/x", "userId": "user123"}
SINCE = {"since": "2026-01-01T00:00:00Z"}
OF_ONE: Sequence[tuple[str, str, dict[str, Any] | None]] = (
    *(("GET", "", None), ("PATCH", "", {}), ("DELETE", "", None), ("GET", "/deliveries", None)),
    *(("POST", "/rotate-secret", None), ("POST", "/test", None), ("POST", "/replay", SINCE)),
)


class BrokenEndpoints(InMemoryWebhookEndpoints):
    """Raises one error from whatever is asked first."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    async def add(self, endpoint: WebhookEndpoint, most: int) -> bool:
        raise self.error

    async def get(self, webhook_id: str) -> WebhookEndpoint | None:
        raise self.error

    async def find(self, user_id: str | None) -> Sequence[WebhookEndpoint]:
        raise self.error


async def every_call(call: Call, webhook_id: str | None = None) -> None:
    """Call all there is, of one webhook or of an unknown one."""
    await call("GET", WEBHOOKS)
    await call("POST", WEBHOOKS, json=GIVEN)
    for method, tail, body in OF_ONE:
        await call(method, f"{WEBHOOKS}/{webhook_id or an_id()}{tail}", json=body)


async def webhooks(call: Call) -> None:
    """Make, read, change, test and remove webhooks, and ask for all of it wrongly."""
    webhook_id = (await call("POST", WEBHOOKS, json=GIVEN)).json()["webhookId"]
    one = f"{WEBHOOKS}/{webhook_id}"
    for path in (WEBHOOKS, one, f"{one}/deliveries"):
        await call("GET", path)
        await call("HEAD", path)
    await call("POST", f"{one}/rotate-secret")
    await call("POST", f"{one}/test")
    await call("POST", f"{one}/replay", json=SINCE)
    await call("PATCH", one, json={"enabled": False, "events": ["order.failed"]})
    await call("POST", f"{one}/replay", json=SINCE)
    await call("GET", f"{one}/deliveries?limit=0&cursor=x")
    for method, path in (("POST", WEBHOOKS), ("PATCH", one), ("POST", f"{one}/replay")):
        await call(method, path, json={"url": 1, "since": "now", "extra": 1})
        await call(method, path, content=b"{", headers={"Content-Type": "application/json"})
        await call(method, path, content=b"{}")
        await call(method, path, content=b" " * 20_000)
    await every_call(call)
    await call("DELETE", one)
    for _ in range(ENDPOINTS_MOST + 1):
        await call("POST", WEBHOOKS, json=GIVEN)
