"""Send to webhook endpoints what they are owed: at least once, in order per order, and never in an order's way."""

import asyncio
from collections.abc import Callable, Collection, Sequence

from attrs import define, field

from application import observe as engine
from application.observe import webhooks as observe
from application.ports.errors import DataRefused, Overloaded, StoreUnavailable
from application.ports.system import Clock
from application.ports.webhooks import (
    Answer,
    Attempt,
    Batch,
    Delivered,
    Owed,
    Settlement,
    WebhookOutbox,
    WebhookSender,
)
from application.webhook_message import WebhookMessage
from domain.webhook import WebhookEndpoint

# One that waits is looked for so often.
POLL_SECONDS = 0.5
AWAY_SECONDS = 2.0
# Endpoints that are sent to at once, of one user no more than a few; how many are taken together, as reading what they
# get is in the orders' way; and requests under way to each.
SLOTS = 64
SLOTS_OF_USER = 4
TAKEN_MOST = 8
AT_ONCE = 8
# After so long nothing more of a batch is begun: others have their turn.
BATCH_SECONDS = 5.0
SETTLE_PAUSE = 1.0
TIDY_SECONDS = 60.0
BACKOFF_MOST_SECONDS = 600.0
AGAIN_MOST_SECONDS = 3600.0
GONE = 410
_WHAT = "the delivery of webhooks"


@define(eq=False)
class DeliverWebhooks:
    """Sends at most `per_second` events a second: each costs as much time of the processor as a part of an order does.

    `chance` gives numbers from 0 to 1, which spread retries. A lease of `lease_seconds` should outlast a batch, its
    last answer and its settling; one that does not costs duplicates. It ends by the store's clock, a batch by our own.
    """

    outbox: WebhookOutbox
    sender: WebhookSender
    clock: Clock
    chance: Callable[[], float]
    per_second: int
    lease_seconds: float = 30.0
    _next_at: float = 0.0

    async def run(self) -> None:
        """Deliver until cancelled; what arrived by then is kept. Waits out a store that is away."""
        tidied = self.clock.monotonic()
        running: set[asyncio.Task[None]] = set()
        async with asyncio.TaskGroup() as group:
            while self.per_second:
                free = SLOTS - len(running)
                taken = await self._taken(min(free, TAKEN_MOST)) if free else ()
                for batch in taken:
                    task = group.create_task(self.deliver(batch))
                    running.add(task)
                    task.add_done_callback(running.discard)
                if not taken:
                    await self._pause(running)
                if self.clock.monotonic() - tidied >= TIDY_SECONDS:
                    tidied = self.clock.monotonic()
                    await self._tidy()

    async def deliver(self, batch: Batch) -> None:
        """Send a batch and keep what came of it, also when this is cancelled."""
        delivery = _Delivery(self, batch, self.clock.monotonic() + BATCH_SECONDS)
        try:
            try:
                await delivery.run()
            finally:
                await self._settle(batch, delivery.settlement())
        except Exception as error:  # one endpoint's surprise must not end the others' deliveries
            observe.delivery_failed(batch.endpoint.webhook_id, error)

    async def turn(self) -> None:
        """Wait until one more may be sent."""
        now = self.clock.monotonic()
        at = max(now, self._next_at)
        self._next_at = at + 1 / self.per_second
        await self.clock.sleep(at - now)

    def backoff(self, failures: int) -> float:
        """Return how long is waited after so many failures in a row: 1 s, then twice as long each time, to 10 min."""
        return min(2.0 ** min(failures - 1, 20), BACKOFF_MOST_SECONDS) * (0.8 + 0.4 * self.chance())

    async def _pause(self, running: Collection["asyncio.Task[None]"]) -> None:
        """Wait for a while, or until something that runs has ended."""
        nap = asyncio.create_task(self.clock.sleep(POLL_SECONDS))
        try:
            await asyncio.wait({nap, *running}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            nap.cancel()

    async def _taken(self, most: int) -> Sequence[Batch]:
        try:
            return await self.outbox.take(most, SLOTS_OF_USER, self.lease_seconds)
        except (StoreUnavailable, Overloaded) as error:
            engine.store_away(_WHAT, error)
        except Exception as error:  # what no batch can be made of must not end the worker, which has orders
            observe.taking_failed(error)
        await self.clock.sleep(AWAY_SECONDS)
        return ()

    async def _tidy(self) -> None:
        try:
            await self.outbox.tidy()
        except (StoreUnavailable, Overloaded) as error:
            engine.store_away(_WHAT, error)
        except DataRefused as error:
            observe.taking_failed(error)

    async def _settle(self, batch: Batch, settlement: Settlement) -> None:
        """Keep what came of a batch, if its lease is still held: unless that can be kept, it is sent again."""
        endpoint, until = batch.endpoint, self.clock.monotonic() + self.lease_seconds / 2
        held = None
        while held is None:
            try:
                held = await self.outbox.settle(batch, settlement)
            except (StoreUnavailable, Overloaded) as error:
                engine.store_away(_WHAT, error)
                if self.clock.monotonic() >= until:
                    return
                await self.clock.sleep(SETTLE_PAUSE)
            except DataRefused as error:
                observe.delivery_failed(endpoint.webhook_id, error)
                return
        if not held:
            observe.lease_lost(endpoint.webhook_id)
        elif settlement.disabled_why is not None:
            observe.endpoint_disabled(endpoint.webhook_id, endpoint.user_id, settlement.disabled_why)


@define
class _Delivery:
    """What came of a batch so far."""

    use: DeliverWebhooks
    batch: Batch
    until: float
    attempts: list[Attempt] = field(factory=list)
    again_in: float = 0.0  # as receivers asked
    gone: bool = False
    _reached: dict[str, int] = field(factory=dict)  # the last seq of each order that was begun
    _failed: set[str] = field(factory=set)
    _free: asyncio.Semaphore = field(factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for owed in self.batch.owed:
                group.create_task(self._send_all(owed))

    def settlement(self) -> Settlement:
        delivered = [self._delivered(owed) for owed in self.batch.owed if owed.order_id in self._reached]
        nothing_went = bool(self._failed) and not any(attempt.succeeded for attempt in self.attempts)
        # Events that nobody wants say nothing of how an endpoint does, nor does a batch that was cut off.
        failures = self.batch.failures + 1 if nothing_went else 0 if self.attempts else self.batch.failures
        again_in = max(self.use.backoff(failures), self.again_in) if nothing_went else 0.0
        return Settlement(delivered, self.attempts, failures, again_in, self._disabled_why())

    def _delivered(self, owed: Owed) -> Delivered:
        reached, last = self._reached[owed.order_id], owed.frames[-1]
        if owed.order_id not in self._failed:
            return Delivered(owed, reached, ended=last.final and reached == last.seq)
        failures = owed.failures + 1 if reached == owed.delivered_seq else 1
        return Delivered(owed, reached, failures=failures, again_in=self.use.backoff(failures))

    def _disabled_why(self) -> str | None:
        """Say why the endpoint gets nothing more: it is gone, or what failed just now has failed for a day."""
        if self.gone:
            return "gone"
        now, endpoint = self.use.clock.now(), self.batch.endpoint
        stuck = [
            owed.failing_since
            for owed in self.batch.owed
            if owed.order_id in self._failed and self._reached[owed.order_id] == owed.delivered_seq
        ]
        if not any(attempt.succeeded for attempt in self.attempts) and self._failed:
            stuck.append(self.batch.failing_since)
        given_up = any(since is not None and endpoint.gives_up(since, now) for since in stuck)
        return "failing" if given_up else None

    async def _send_all(self, owed: Owed) -> None:
        try:
            await self._send_in_order(owed)
        except Exception as error:  # such as a frame that was changed by hand: the other orders' are sent
            observe.delivery_failed(self.batch.endpoint.webhook_id, error)
            self._reached.setdefault(owed.order_id, owed.delivered_seq)
            self._failed.add(owed.order_id)

    async def _send_in_order(self, owed: Owed) -> None:
        async with self._free:
            for frame in owed.frames:
                message = WebhookMessage(frame)
                wanted = self.batch.endpoint.wants(message.event)
                if wanted:
                    await self.use.turn()
                if self.gone or self.use.clock.monotonic() >= self.until:
                    return
                self._reached.setdefault(owed.order_id, owed.delivered_seq)
                if wanted and not await self._send(message):
                    self._failed.add(owed.order_id)
                    return
                self._reached[owed.order_id] = frame.seq

    async def _send(self, message: WebhookMessage) -> bool:
        frame, clock, at = message.frame, self.use.clock, self.use.clock.now()
        begun = clock.monotonic()
        answer = await send(self.use.sender, self.batch.endpoint, message.message_id, message.body)
        seconds = clock.monotonic() - begun
        attempt = Attempt(frame.order_id, frame.seq, message.event, at, seconds, answer.status, answer.error)
        self.attempts.append(attempt)
        observe.attempted(self.batch.endpoint.webhook_id, attempt)
        self.gone = self.gone or answer.status == GONE
        self.again_in = max(self.again_in, min(answer.again_in or 0.0, AGAIN_MOST_SECONDS))
        return attempt.succeeded


async def send(sender: WebhookSender, endpoint: WebhookEndpoint, message: str, body: str) -> Answer:
    """Send, and make an answer of what nobody foresaw: one receiver's surprise must not end the others' deliveries."""
    try:
        return await sender.send_signed(endpoint, message, body)
    except Exception as error:
        observe.delivery_failed(endpoint.webhook_id, error)
        return Answer(error="internal_error")
