"""The deliverer: at least once, in order per order, whatever receivers do."""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import pytest
from attrs import define, evolve, field

from adapters.memory.order_store import InMemoryOrderStore
from adapters.memory.webhook_outbox import InMemoryWebhookOutbox
from application.deliver_webhooks import BATCH_SECONDS, DeliverWebhooks
from application.frames import birth_frame
from application.ports.errors import DataRefused, StoreUnavailable
from application.ports.webhooks import Answer, Batch, Settlement
from application.webhook_message import WebhookMessage
from domain import webhook
from domain.order import Order
from domain.webhook import WebhookEndpoint
from tests.builders import START
from tests.clock import ManualClock
from tests.contracts.webhooks import WebhooksBench, an_endpoint

Behaviour = Callable[[str, int], Answer]  # by order and seq


@define
class Receivers:
    """Notes what arrives, by endpoint and order; `behaves` says what is answered, and `seconds` how slowly."""

    clock: ManualClock
    behaves: Behaviour = lambda _, __: Answer(200)
    seconds: float = 0.0
    arrived: dict[str, dict[str, list[int]]] = field(factory=lambda: defaultdict(lambda: defaultdict(list)))
    tries: list[tuple[str, int]] = field(factory=list)
    at_once: int = 0
    most_at_once: int = 0

    async def send_signed(self, endpoint: WebhookEndpoint, message_id: str, body: str) -> Answer:
        told = json.loads(body)["data"]
        order_id, seq = told["orderId"], told["seq"]
        assert message_id == f"msg_{order_id}_{seq}"
        self.tries.append((order_id, seq))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await self.clock.sleep(self.seconds)
            answer = self.behaves(order_id, seq)
        finally:
            self.at_once -= 1
        if answer.status == 200:
            self.arrived[endpoint.webhook_id][order_id].append(seq)
        return answer


@define
class Bench:
    clock: ManualClock
    receivers: Receivers
    hooks: WebhooksBench
    deliver: DeliverWebhooks

    async def until(self, done: Callable[[], bool], *, most: float = 3 * 86_400) -> None:
        """Let time pass until something is so."""
        waited = 0.0
        while not done():
            assert waited < most
            await self.clock.advance(5)
            waited += 5


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    clock = ManualClock()
    store = InMemoryOrderStore(clock)
    outbox = InMemoryWebhookOutbox(clock, store)
    receivers = Receivers(clock)
    deliver = DeliverWebhooks(outbox, receivers, clock, lambda: 0.5, 1000)
    hooks = WebhooksBench(store.webhooks, outbox, outbox, store, clock.step)
    task = asyncio.create_task(deliver.run())
    yield Bench(clock, receivers, hooks, deliver)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def told(bench: Bench, endpoint: WebhookEndpoint, order: Order) -> list[int]:
    return bench.receivers.arrived[endpoint.webhook_id][order.order_id]


async def test_all_events_arrive_once_and_in_order(bench: Bench) -> None:
    endpoint = await bench.hooks.added()
    orders = [await bench.hooks.an_order() for _ in range(60)]
    for order in orders:
        await bench.hooks.run(order)
    await bench.until(lambda: all(len(told(bench, endpoint, order)) == 6 for order in orders))
    assert all(told(bench, endpoint, order) == [0, 1, 2, 3, 4, 5] for order in orders)
    assert bench.receivers.most_at_once <= 8


async def test_what_is_sent_is_the_frame_itself(bench: Bench) -> None:
    order = await bench.hooks.an_order(amount="0.10000001")
    frame = birth_frame(order)
    assert WebhookMessage(frame).body == (
        f'{{"type":"order.pending","timestamp":"{json.loads(frame.text)["timestamp"]}","data":{frame.text}}}'
    )
    assert WebhookMessage(frame).message_id == f"msg_{order.order_id}_0"


async def test_events_that_are_not_wanted_are_passed_over(bench: Bench) -> None:
    endpoint = await bench.hooks.added(events=("order.pending", "order.confirmed"))
    order = await bench.hooks.an_order()
    await bench.hooks.run(order)
    await bench.until(lambda: told(bench, endpoint, order) == [0, 5])


async def test_a_failed_event_is_tried_again_before_those_after_it(bench: Bench) -> None:
    fails = iter([Answer(500), Answer(error="timeout"), Answer(301), Answer(429, again_in=700)])
    bench.receivers.behaves = lambda _, seq: next(fails, Answer(200)) if seq == 2 else Answer(200)
    endpoint = await bench.hooks.added()
    order = await bench.hooks.an_order()
    await bench.hooks.run(order)
    await bench.until(lambda: told(bench, endpoint, order) == [0, 1, 2, 3, 4, 5])
    assert [seq for _, seq in bench.receivers.tries] == [0, 1, 2, 2, 2, 2, 2, 3, 4, 5]


async def test_one_order_that_is_never_taken_holds_up_no_other(bench: Bench) -> None:
    bad = await bench.hooks.an_order()
    bench.receivers.behaves = lambda order_id, _: Answer(500 if order_id == bad.order_id else 200)
    endpoint = await bench.hooks.added()
    await bench.hooks.outbox.replay(endpoint, bad.created_at, bad.created_at + timedelta(1), 0, 10)
    await bench.clock.advance(60)
    for _ in range(5):
        order = await bench.hooks.an_order()
        await bench.hooks.run(order)
        await bench.until(lambda order=order: len(told(bench, endpoint, order)) == 6, most=700)  # type: ignore[misc]
    assert told(bench, endpoint, bad) == []


async def test_what_fails_for_long_enough_is_disabled_and_goes_on_when_it_is_enabled(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    patience = timedelta(minutes=15)
    monkeypatch.setattr(webhook, "PATIENCE", patience)
    bench.receivers.behaves = lambda _, __: Answer(error="unreachable")
    endpoint = await bench.hooks.added()
    orders = [await bench.hooks.an_order() for _ in range(3)]
    for order in orders:
        await bench.hooks.run(order)

    def kept() -> WebhookEndpoint:
        return bench.hooks.endpoints.states[endpoint.webhook_id].endpoint  # type: ignore[attr-defined, no-any-return]

    begun = bench.clock.now()
    await bench.until(lambda: not kept().enabled)
    assert patience <= bench.clock.now() - begun < patience + timedelta(minutes=10)
    assert kept().disabled_why == "failing"
    tries = len(bench.receivers.tries)
    assert 8 < tries < 40
    bench.receivers.behaves = lambda _, __: Answer(200)
    await bench.clock.advance(600)
    assert len(bench.receivers.tries) == tries
    assert await bench.hooks.endpoints.change(kept().enable(bench.clock.now()))
    await bench.until(lambda: all(told(bench, endpoint, order) == [0, 1, 2, 3, 4, 5] for order in orders), most=1300)


async def test_one_that_is_away_is_left_alone_whatever_it_does_not_want(bench: Bench) -> None:
    bench.receivers.behaves = lambda _, __: Answer(error="unreachable")
    await bench.hooks.added(events=("order.confirmed",))
    for _ in range(40):
        await bench.hooks.run(await bench.hooks.an_order())
        await bench.hooks.an_order()  # of which nothing is wanted yet
        await bench.clock.advance(5)
    assert len(bench.receivers.tries) < 15


async def test_many_slow_endpoints_of_one_user_hold_up_no_other(bench: Bench) -> None:
    for _ in range(20):
        assert await bench.hooks.endpoints.add(an_endpoint(), 20)
    bench.receivers.seconds = 9.0
    for _ in range(30):
        await bench.hooks.run(await bench.hooks.an_order())
    await bench.clock.advance(2)
    quick = await bench.hooks.added(user_id="another")
    bench.receivers.seconds = 0.0
    order = await bench.hooks.an_order(userId="another")
    await bench.hooks.run(order)
    await bench.clock.advance(1)
    assert told(bench, quick, order) == [0, 1, 2, 3, 4, 5]


async def test_one_that_is_gone_is_disabled_at_once(bench: Bench) -> None:
    bench.receivers.behaves = lambda _, __: Answer(410)
    endpoint = await bench.hooks.added()
    await bench.hooks.an_order()
    await bench.clock.advance(5)
    kept = await bench.hooks.endpoints.get(endpoint.webhook_id)
    assert kept
    assert (kept.enabled, kept.disabled_why, len(bench.receivers.tries)) == (False, "gone", 1)


async def test_a_slow_receiver_holds_up_no_other_endpoint(bench: Bench) -> None:
    slow = await bench.hooks.added()
    for _ in range(30):
        await bench.hooks.run(await bench.hooks.an_order())
    bench.receivers.seconds = 9.0
    await bench.clock.advance(1)
    quick = await bench.hooks.added(user_id="another")
    bench.receivers.seconds = 0.0
    order = await bench.hooks.an_order(userId="another")
    await bench.hooks.run(order)
    await bench.clock.advance(1)
    assert told(bench, quick, order) == [0, 1, 2, 3, 4, 5]
    assert not bench.receivers.arrived[slow.webhook_id]


async def test_a_batch_begins_nothing_more_after_its_time(bench: Bench) -> None:
    bench.receivers.seconds = BATCH_SECONDS - 1
    await bench.hooks.added()
    for _ in range(50):
        await bench.hooks.an_order()
    await bench.clock.advance(BATCH_SECONDS + 2)
    assert len(bench.receivers.tries) == 16


async def test_no_more_is_sent_in_a_second_than_may_be(bench: Bench) -> None:
    bench.deliver.per_second = 10
    await bench.hooks.added()
    for _ in range(100):
        await bench.hooks.an_order()
    await bench.clock.advance(4)
    assert 30 <= len(bench.receivers.tries) <= 41


async def test_who_stops_keeps_what_arrived() -> None:
    clock = ManualClock()
    store = InMemoryOrderStore(clock)
    outbox = InMemoryWebhookOutbox(clock, store)
    hooks = WebhooksBench(store.webhooks, outbox, outbox, store, clock.step)
    receivers = Receivers(clock)
    deliver = DeliverWebhooks(outbox, receivers, clock, lambda: 0.5, 1000)
    endpoint = await hooks.added()
    order = await hooks.an_order()
    await hooks.run(order)
    task = asyncio.create_task(deliver.run())
    receivers.behaves = lambda _, seq: Answer(200)
    receivers.seconds = 1.0
    await clock.advance(2.5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert receivers.arrived[endpoint.webhook_id][order.order_id] == [0, 1]
    [owed] = (await hooks.taken()).owed
    assert [frame.seq for frame in owed.frames] == [2, 3, 4, 5]


async def test_what_nobody_foresaw_at_one_endpoint_ends_no_other(bench: Bench) -> None:
    def behaves(order_id: str, _: int) -> Answer:
        if order_id == bad.order_id:
            raise ZeroDivisionError
        return Answer(200)

    await bench.hooks.added()
    other = await bench.hooks.added(user_id="another")
    bad = await bench.hooks.an_order()
    bench.receivers.behaves = behaves
    good = await bench.hooks.an_order(userId="another")
    await bench.until(lambda: told(bench, other, good) == [0])


async def test_a_frame_that_makes_no_sense_ends_nothing(bench: Bench) -> None:
    endpoint = await bench.hooks.added()
    order = await bench.hooks.an_order()
    batch = await bench.hooks.taken()
    [owed] = batch.owed
    damaged = evolve(owed, order_id="x", frames=[evolve(owed.frames[0], text="{")])
    await bench.deliver.deliver(evolve(batch, owed=[damaged, owed]))
    assert told(bench, endpoint, order) == [0]


async def test_a_settlement_is_repeated_while_the_store_is_away(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    troubles = [StoreUnavailable(), StoreUnavailable()]
    settle = InMemoryWebhookOutbox.settle

    async def away(outbox: InMemoryWebhookOutbox, batch: Batch, settlement: Settlement) -> bool:
        if troubles:
            raise troubles.pop()
        return await settle(outbox, batch, settlement)

    monkeypatch.setattr(InMemoryWebhookOutbox, "settle", away)
    endpoint = await bench.hooks.added()
    order = await bench.hooks.an_order()
    await bench.clock.advance(120)
    assert told(bench, endpoint, order) == [0]


async def test_what_nobody_foresaw_of_the_outbox_does_not_end_the_worker(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    troubles: dict[str, list[Exception]] = {
        "take": [DataRefused(), ZeroDivisionError()],
        "settle": [ZeroDivisionError()],
    }

    def once_in_trouble(name: str) -> None:
        do = getattr(InMemoryWebhookOutbox, name)

        async def in_trouble(outbox: InMemoryWebhookOutbox, *given: object) -> object:
            if troubles[name]:
                raise troubles[name].pop()
            return await do(outbox, *given)

        monkeypatch.setattr(InMemoryWebhookOutbox, name, in_trouble)

    for name in troubles:
        once_in_trouble(name)
    endpoint = await bench.hooks.added()
    order = await bench.hooks.an_order()
    await bench.until(lambda: told(bench, endpoint, order) == [0, 0])  # once more, as that was not kept
    assert not any(troubles.values())


def test_an_event_is_tried_for_a_day_from_when_its_endpoint_was_enabled() -> None:
    endpoint, day = an_endpoint(), timedelta(hours=24)
    assert not endpoint.gives_up(START - day, START + day - timedelta(seconds=1))
    assert endpoint.gives_up(START - day, START + day)
    assert not endpoint.gives_up(START + timedelta(seconds=1), START + day)
