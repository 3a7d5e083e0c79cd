"""The HTTP clients: steady orders, some repeated until they are answered, and all that was said written down."""

import asyncio
import random
from collections.abc import Mapping
from typing import Any

import httpx
from attrs import define, field

from tests.chaos.fleet import Fleet
from tests.chaos.process import Process
from tests.chaos.sockets import Follower, followers

THINK_SECONDS = (0.1, 0.5)
AGAIN_SECONDS = 0.3
ANSWER_SECONDS = 10.0


@define(eq=False)
class Answer:
    """What one call got: `status` is 0 when the connection failed. Times are seconds of the run."""

    api: str
    since: float
    until: float
    status: int
    body: Mapping[str, Any]
    headers: Mapping[str, str]
    error: str = ""

    @property
    def order_id(self) -> str | None:
        """The order that was accepted."""
        return str(self.body["orderId"]) if self.status == 202 else None

    def told(self) -> str:
        """Write it in a line."""
        said = self.error or f"{self.status} {dict(self.body)}"
        return f"{self.since:.3f} {self.api}: {said} after {self.until - self.since:.3f} s"


@define(eq=False)
class Wish:
    """One order that a client wants, and how it went. One that `repeats` names itself, and is asked until it is 202."""

    user_id: str
    body: Mapping[str, Any]
    headers: Mapping[str, str]
    repeats: bool
    answers: list[Answer] = field(factory=list)
    cancels: list[Answer] = field(factory=list)
    followers: list[Follower] = field(factory=list)
    webhook: Answer | None = None  # what came of making one

    @property
    def has_webhook(self) -> bool:
        """Whether its user was told, before it was asked for, that its events will be sent."""
        return self.webhook is not None and self.webhook.status == 201

    @property
    def order_ids(self) -> set[str]:
        """The orders that it was told; more than one is a mistake."""
        return {order_id for answer in self.answers if (order_id := answer.order_id)}


@define(eq=False)
class Client:
    """One client, with connections of its own; all that it does follows from its chance, and from the answers."""

    name: str
    fleet: Fleet
    chance: random.Random
    wishes: list[Wish] = field(factory=list)
    following: list[asyncio.Task[None]] = field(factory=list)

    async def run(self, until: float, group: asyncio.TaskGroup) -> None:
        """Wish for orders until that second of the run, and see that each is answered; followers live in `group`."""
        limits = httpx.Limits(max_connections=4)
        async with httpx.AsyncClient(timeout=ANSWER_SECONDS, trust_env=False, limits=limits) as http:
            while self.fleet.now() < until:
                wish = self._wish(len(self.wishes))
                self.wishes.append(wish)
                await self._fulfil(http, wish, group)
                await asyncio.sleep(self.chance.uniform(*THINK_SECONDS))

    def _wish(self, number: int) -> Wish:
        name = f"{self.name}-{number}"
        body = {**self.fleet.world.wish(self.chance), "userId": name}
        if self.chance.random() < 0.25:
            body["slippageBps"] = self.chance.choice((50, 150, 300))
        kind = self.chance.choices(("plain", "keyed", "named"), (4, 4, 2))[0]
        if kind == "named":
            body["clientOrderId"] = name
        return Wish(name, body, {"Idempotency-Key": name} if kind == "keyed" else {}, kind != "plain")

    async def _fulfil(self, http: httpx.AsyncClient, wish: Wish, group: asyncio.TaskGroup) -> None:
        apis = self.fleet.apis
        if self.chance.random() < self.fleet.world.webhooks:
            body = {"url": self.fleet.receiver.url(wish.user_id), "userId": wish.user_id}
            wish.webhook = await self._call(http, self.chance.choice(apis), "/api/webhooks", body, {})
        if wish.repeats and self.chance.random() < 0.2:
            await asyncio.gather(*(self._ask(http, wish, api) for api in apis))  # a race that one of them wins
        else:
            await self._ask(http, wish, self.chance.choice(apis))
        while wish.repeats and wish.answers[-1].status in (0, 503):
            await asyncio.sleep(AGAIN_SECONDS)
            await self._ask(http, wish, self.chance.choice(apis))
        if not wish.order_ids:
            return
        order_id = min(wish.order_ids)
        wish.followers.extend(followers(order_id, self.chance))
        self.following += [group.create_task(follower.run(self.fleet)) for follower in wish.followers]
        if wish.repeats and self.chance.random() < 0.2:
            await self._ask(http, wish, self.chance.choice(apis))
        if self.chance.random() < 0.05:
            api = self.chance.choice(apis)
            wish.cancels.append(await self._call(http, api, f"/api/orders/{order_id}/cancel", None, {}))

    async def _ask(self, http: httpx.AsyncClient, wish: Wish, api: Process) -> None:
        wish.answers.append(await self._call(http, api, "/api/orders/execute", wish.body, wish.headers))

    async def _call(
        self,
        http: httpx.AsyncClient,
        api: Process,
        path: str,
        body: Mapping[str, Any] | None,
        headers: Mapping[str, str],
    ) -> Answer:
        since = self.fleet.now()
        try:
            response = await http.post(f"{api.url}{path}", json=body, headers=headers)
            said = response.json()
        except (httpx.HTTPError, ValueError) as error:
            return Answer(api.name, since, self.fleet.now(), 0, {}, {}, repr(error))
        return Answer(api.name, since, self.fleet.now(), response.status_code, said, response.headers)
