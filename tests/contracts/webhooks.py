"""What every keeper of webhook endpoints, and every outbox, must do. A test class derives and gives its `bench`."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve, frozen

from application.frames import Frame, birth_frame
from application.ports.order_store import OrderStore, Record
from application.ports.webhooks import Attempt, Batch, Delivered, Settlement, WebhookEndpoints, WebhookOutbox
from domain.order import Order
from domain.webhook import EVENTS, WebhookEndpoint
from tests.builders import START, an_id, an_order
from tests.contracts.order_store_harness import clean_run

LEASE = 60.0
MOST = 10


def an_endpoint(**over: Any) -> WebhookEndpoint:
    """Return an endpoint of user123, the user of `an_order`, that was made at START."""
    return WebhookEndpoint(
        **{
            "webhook_id": an_id(),
            "user_id": "user123",
            "url": "https://hooks.example.com/orders",
            "events": EVENTS,
            "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "created_at": START,
            "enabled_at": START,
            **over,
        }
    )


@frozen
class WebhooksBench:
    """Endpoints, their outbox as two processes see it, and the store; `age` lets so many seconds pass."""

    endpoints: WebhookEndpoints
    outbox: WebhookOutbox
    other: WebhookOutbox
    store: OrderStore
    age: Callable[[float], Awaitable[None]]

    async def added(self, **over: Any) -> WebhookEndpoint:
        endpoint = an_endpoint(**over)
        assert await self.endpoints.add(endpoint, MOST)
        return endpoint

    async def an_order(self, **over: object) -> Order:
        order = an_order(**over)
        await self.store.add(order)
        return order

    async def taken(self) -> Batch:
        [batch] = await self.outbox.take(5, 5, LEASE)
        return batch

    async def settle_all(self, batch: Batch) -> bool:
        """Settle a batch all of whose frames arrived."""
        delivered = [Delivered(o, o.frames[-1].seq, ended=o.frames[-1].final) for o in batch.owed]
        return await self.outbox.settle(batch, Settlement(delivered, ()))

    async def run(self, order: Order) -> list[Frame]:
        """Take an order to its end; return all its frames."""
        steps = clean_run(order)
        for before, step in zip([order, *(after for after, _ in steps)], steps, strict=False):
            await self.store.append(Record.of(before, step))
        return [birth_frame(order), *await self.store.events(order.order_id, 0)]


class WebhookEndpointsContract(ABC):
    @pytest.fixture
    @abstractmethod
    def bench(self) -> WebhooksBench: ...

    async def test_an_endpoint_is_read_as_it_was_kept(self, bench: WebhooksBench) -> None:
        plain = await bench.added()
        full = await bench.added(
            user_id="für Ünïcode \N{SNOWMAN}",
            url="https://h.example/?q=1&x=%20",
            events=EVENTS[:1],
            created_at=START + timedelta(seconds=1),
            enabled_at=START + timedelta(seconds=1),
        )
        assert await bench.endpoints.get(plain.webhook_id) == plain
        assert await bench.endpoints.get(full.webhook_id) == full
        assert list(await bench.endpoints.find(None)) == [plain, full]
        assert list(await bench.endpoints.find("user123")) == [plain]
        assert list(await bench.endpoints.find("nobody")) == []

    @pytest.mark.parametrize("webhook_id", ["", "x", "00000000-0000-4000-8000-000000000000", "a\0b"])
    async def test_an_unknown_one_is_none(self, bench: WebhooksBench, webhook_id: str) -> None:
        assert await bench.endpoints.get(webhook_id) is None
        await bench.endpoints.remove(webhook_id)

    async def test_a_user_has_so_many_and_no_more(self, bench: WebhooksBench) -> None:
        first, second, third = (an_endpoint() for _ in range(3))
        assert await bench.endpoints.add(first, 2)
        assert await bench.endpoints.add(second, 2)
        assert not await bench.endpoints.add(third, 2)
        assert await bench.endpoints.add(second, 2)  # again
        assert await bench.endpoints.add(an_endpoint(user_id="another"), 2)
        await bench.endpoints.remove(first.webhook_id)
        assert await bench.endpoints.add(third, 2)
        assert {one.webhook_id for one in await bench.endpoints.find("user123")} == {
            second.webhook_id,
            third.webhook_id,
        }

    async def test_a_change_needs_the_revision_that_it_read(self, bench: WebhooksBench) -> None:
        endpoint = await bench.added()
        one = endpoint.rotate("whsec_bmV3", START).disable(START, "user")
        other = evolve(endpoint, url="https://other.example/")
        assert await bench.endpoints.change(one)
        assert not await bench.endpoints.change(other)
        assert await bench.endpoints.get(endpoint.webhook_id) == evolve(one, revision=1)
        assert not await bench.endpoints.change(an_endpoint())

    async def test_of_many_changes_at_once_one_wins(self, bench: WebhooksBench) -> None:
        endpoint = await bench.added()
        changes = [evolve(endpoint, url=f"https://h{n}.example/") for n in range(20)]
        won = await asyncio.gather(*map(bench.endpoints.change, changes))
        assert sum(won) == 1
        kept = await bench.endpoints.get(endpoint.webhook_id)
        assert kept
        assert kept.url == changes[won.index(True)].url

    async def test_a_removed_one_is_gone_and_what_it_was_to_get_too(self, bench: WebhooksBench) -> None:
        endpoint = await bench.added()
        await bench.an_order()
        await bench.endpoints.remove(endpoint.webhook_id)
        await bench.an_order()
        assert await bench.endpoints.get(endpoint.webhook_id) is None
        assert list(await bench.endpoints.find(None)) == []
        assert list(await bench.outbox.take(5, 5, LEASE)) == []
        assert not await bench.endpoints.change(endpoint)
        await bench.age(100)
        for _ in range(2):
            await bench.outbox.tidy()


class WebhookOutboxContract(ABC):
    @pytest.fixture
    @abstractmethod
    def bench(self) -> WebhooksBench: ...

    async def test_an_order_of_the_user_is_owed_from_its_birth_to_its_end(self, bench: WebhooksBench) -> None:
        before = await bench.an_order()
        endpoint = await bench.added()
        await bench.an_order(userId="another")
        orders = [await bench.an_order(), await bench.an_order(clientOrderId="c1")]
        keyed = an_order()
        await bench.store.add(keyed, "key")
        await bench.store.add(keyed, "key")
        orders.append(keyed)
        batch = await bench.taken()
        assert batch.endpoint == endpoint
        assert {o.order_id: list(o.frames) for o in batch.owed} == {o.order_id: [birth_frame(o)] for o in orders}
        assert await bench.settle_all(batch)
        assert list(await bench.outbox.take(5, 5, LEASE)) == []
        told = await bench.run(orders[0])
        await bench.run(before)
        await bench.age(60)
        [owed] = (await bench.taken()).owed
        assert list(owed.frames) == told[1:]
        assert [frame.final for frame in owed.frames] == [False] * (len(told) - 2) + [True]

    async def test_what_was_told_to_its_end_is_owed_no_more(self, bench: WebhooksBench) -> None:
        await bench.added()
        told = await bench.run(await bench.an_order())
        batch = await bench.taken()
        assert list(batch.owed[0].frames) == told
        assert await bench.settle_all(batch)
        await bench.age(3600)
        assert list(await bench.outbox.take(5, 5, LEASE)) == []

    async def test_each_endpoint_of_a_user_is_told_by_itself(self, bench: WebhooksBench) -> None:
        made = {(await bench.added()).webhook_id for _ in range(3)}
        order = await bench.an_order()
        first = await bench.outbox.take(2, 5, LEASE)
        rest = await bench.outbox.take(2, 5, LEASE)
        assert {b.endpoint.webhook_id for b in (*first, *rest)} == made
        assert {o.order_id for b in (*first, *rest) for o in b.owed} == {order.order_id}

    async def test_of_a_users_endpoints_a_few_are_leased_at_a_time(self, bench: WebhooksBench) -> None:
        for _ in range(4):
            await bench.added()
        another = await bench.added(user_id="another")
        await bench.an_order()
        first = await bench.outbox.take(2, 2, LEASE)
        await bench.an_order(userId="another")
        rest = await bench.other.take(5, 2, LEASE)
        assert {b.endpoint.user_id for b in first} == {"user123"}
        assert [b.endpoint.webhook_id for b in rest] == [another.webhook_id]
        await bench.settle_all(first[0])
        [freed] = await bench.other.take(5, 2, LEASE)
        assert freed.endpoint.user_id == "user123"
        await bench.age(LEASE + 1)
        again = [b.endpoint.user_id for b in await bench.outbox.take(5, 2, LEASE)]
        assert "another" in again
        assert 1 <= again.count("user123") <= 2

    async def test_a_disabled_one_gets_nothing_until_it_is_enabled_and_then_what_it_missed_before(
        self, bench: WebhooksBench
    ) -> None:
        endpoint = await bench.added()
        order = await bench.an_order()
        disabled = endpoint.disable(START, "user")
        assert await bench.endpoints.change(disabled)
        await bench.an_order()
        assert list(await bench.outbox.take(5, 5, LEASE)) == []
        assert await bench.endpoints.change(evolve(disabled.enable(START + timedelta(seconds=1)), revision=1))
        assert [owed.order_id for owed in (await bench.taken()).owed] == [order.order_id]

    async def test_a_lease_is_one_deliverers_until_it_runs_out(self, bench: WebhooksBench) -> None:
        await bench.added()
        order = await bench.an_order()
        batches = await asyncio.gather(*(o.take(5, 5, LEASE) for o in (bench.outbox, bench.other) * 5))
        [[late]] = [batch for batch in batches if batch]
        await bench.age(LEASE + 1)
        [held] = await bench.other.take(5, 5, LEASE)
        assert [o.order_id for o in held.owed] == [order.order_id]
        assert not await bench.settle_all(late)
        assert await bench.other.settle(held, Settlement((), ()))
        assert [o.delivered_seq for o in (await bench.taken()).owed] == [-1]

    async def test_a_batch_is_settled_once(self, bench: WebhooksBench) -> None:
        await bench.added()
        await bench.an_order()
        batch = await bench.taken()
        assert await bench.settle_all(batch)
        assert not await bench.settle_all(batch)

    async def test_a_failed_order_is_tried_again_when_its_time_has_come(self, bench: WebhooksBench) -> None:
        await bench.added()
        order = await bench.an_order()
        told = await bench.run(order)
        for failures in (1, 2):
            [owed] = (batch := await bench.taken()).owed
            await bench.outbox.settle(batch, Settlement([Delivered(owed, 1, failures=failures, again_in=300)], ()))
            assert list(await bench.outbox.take(5, 5, LEASE)) == []
            await bench.age(301)
        [owed] = (await bench.taken()).owed
        assert (owed.delivered_seq, owed.failures, list(owed.frames)) == (1, 2, told[2:])
        assert owed.failing_since is not None

    async def test_a_failing_endpoint_is_left_alone_and_then_tried_with_one_order(self, bench: WebhooksBench) -> None:
        await bench.added()
        orders = [await bench.an_order() for _ in range(3)]
        batch = await bench.taken()
        await bench.outbox.settle(batch, Settlement((), (), failures=1, again_in=300))
        assert list(await bench.outbox.take(5, 5, LEASE)) == []
        await bench.age(301)
        batch = await bench.taken()
        assert (batch.failures, len(batch.owed)) == (1, 1)
        assert batch.failing_since is not None
        await bench.settle_all(batch)
        batch = await bench.taken()
        assert (batch.failures, batch.failing_since, len(batch.owed)) == (0, None, len(orders) - 1)

    async def test_one_that_is_given_up_is_disabled_and_says_why(self, bench: WebhooksBench) -> None:
        endpoint = await bench.added()
        await bench.an_order()
        assert await bench.outbox.settle(await bench.taken(), Settlement((), (), 3, 1.0, "failing"))
        kept = await bench.endpoints.get(endpoint.webhook_id)
        assert kept
        assert (kept.enabled, kept.disabled_why) == (False, "failing")
        assert not await bench.endpoints.change(endpoint)
        assert await bench.endpoints.change(kept.enable(START + timedelta(days=1)))
        assert len((await bench.taken()).owed) == 1

    async def test_a_replay_sends_the_orders_of_a_time_again(self, bench: WebhooksBench) -> None:
        early = await bench.an_order()
        endpoint = await bench.added()
        times = [START + timedelta(minutes=minute) for minute in (10, 20, 30)]
        orders = [evolve(early, order_id=an_id(), created_at=at) for at in times]
        for order in orders:
            await bench.store.add(order)
            await bench.run(order)
        await bench.settle_all(await bench.taken())
        replayed = await bench.outbox.replay(endpoint, times[0], times[2], 0, 10)
        assert (replayed.orders, replayed.next_after) == (2, None)
        batch = await bench.taken()
        assert [(o.order_id, o.delivered_seq, o.frames[0].seq) for o in batch.owed] == [
            (order.order_id, -1, 0) for order in orders[:2]
        ]
        first = await bench.outbox.replay(endpoint, START, times[2] + timedelta(1), 0, 3)
        assert (first.orders, first.reached) == (3, times[1])
        assert first.next_after is not None
        rest = await bench.outbox.replay(endpoint, START, times[2] + timedelta(1), first.next_after, 3)
        assert (rest.orders, rest.next_after) == (1, None)

    async def test_an_order_that_is_set_back_under_way_stays_so(self, bench: WebhooksBench) -> None:
        endpoint = await bench.added()
        order = await bench.an_order()
        await bench.settle_all(await bench.taken())
        await bench.run(order)
        await bench.age(60)
        batch = await bench.taken()
        await bench.outbox.replay(endpoint, START, START + timedelta(1), 0, 10)
        assert await bench.settle_all(batch)
        assert [(o.delivered_seq, o.frames[0].seq) for o in (await bench.taken()).owed] == [(-1, 0)]

    async def test_attempts_are_kept_newest_first_and_not_for_ever(self, bench: WebhooksBench) -> None:
        endpoint = await bench.added()
        order = await bench.an_order()
        made = [
            Attempt(order.order_id, n, "order.pending", START + timedelta(seconds=n), 0.25, None, "timeout")
            if n % 2
            else Attempt(order.order_id, n, "order.pending", START + timedelta(seconds=n), 0.5, 503)
            for n in range(1010)
        ]
        for start in (0, 505):
            await bench.outbox.settle(await bench.taken(), Settlement((), made[start : start + 505]))
        first = await bench.outbox.attempts(endpoint.webhook_id, None, 200)
        assert list(first.attempts) == made[:-201:-1]
        second = await bench.outbox.attempts(endpoint.webhook_id, first.next_before, 200)
        assert list(second.attempts) == made[-201:-401:-1]
        count, before = 400, second.next_before
        while before is not None:
            page = await bench.outbox.attempts(endpoint.webhook_id, before, 200)
            count, before = count + len(page.attempts), page.next_before
        assert count == 1000
        assert (await bench.outbox.attempts(an_id(), None, 10)).attempts == ()
