"""The contract of `OrderStore.append`."""

import asyncio
from collections.abc import Callable
from decimal import Decimal

import pytest

from application.frames import frame_of
from application.ports.errors import DataRefused, StaleOrder
from application.ports.order_store import OrderStore
from domain.order import Order, Step
from domain.status import FailureReason
from tests.builders import VENUES, a_fill, a_stamp, an_order, submitted
from tests.contracts.order_store_harness import (
    OrderStoreHarness,
    append,
    append_all,
    life,
    rested_run,
    resumed_run,
    same,
)


async def added(store: OrderStore, **over: object) -> Order:
    order = an_order(**over)
    await store.add(order)
    return order


def first_step(order: Order) -> Step:
    return order.request_quotes(a_stamp(1), VENUES)


class AppendContract:
    @pytest.mark.parametrize("story", [life, resumed_run, rested_run])
    async def test_an_order_reads_back_as_written_at_every_step(
        self, store: OrderStore, story: Callable[[Order], list[Step]]
    ) -> None:
        born = await added(store, userId='Zoë "x"')
        for step in story(born):
            await append(store, step)
            assert same(await store.get(born.order_id), step[0])

    @pytest.mark.parametrize("price", ["9999999999.99999999", "0.00000001", "147.33120000", "150"])
    async def test_a_price_keeps_every_digit(self, store: OrderStore, price: str) -> None:
        born = await added(store)
        steps = life(born)[:4]
        steps.append(steps[-1][0].confirm(a_stamp(9), a_fill(Decimal(price))))
        await append_all(store, steps)
        assert same(await store.get(born.order_id), steps[-1][0])

    async def test_a_failed_order_tells_why(self, store: OrderStore) -> None:
        born = await added(store)
        step = born.fail(a_stamp(1), FailureReason.CANCELLED)
        frame = await append(store, step)
        assert frame.final
        assert same(await store.get(born.order_id), step[0])
        assert await store.events(born.order_id, 0) == [frame]

    async def test_events_are_the_frames_and_logs_their_messages(self, store: OrderStore) -> None:
        born = await added(store)
        steps = life(born)
        frames = await append_all(store, steps)
        assert list(await store.events(born.order_id, 0)) == frames == [frame_of(event) for _, event in steps]
        assert list(await store.events(born.order_id, 4)) == frames[4:]
        assert list(await store.events(born.order_id, len(frames))) == []
        assert [frame.final for frame in frames] == [False] * 9 + [True]
        stored = await store.get(born.order_id)
        assert stored is not None
        assert stored.logs == tuple(event.message for _, event in steps)

    async def test_of_twenty_racers_one_wins(self, store: OrderStore) -> None:
        born = await added(store)
        racers = [first_step(born) for _ in range(20)]
        outcomes = await asyncio.gather(*(append(store, racer) for racer in racers), return_exceptions=True)
        winners = [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]
        assert len(winners) == 1
        assert [type(outcome) for outcome in outcomes].count(StaleOrder) == 19
        assert list(await store.events(born.order_id, 0)) == winners

    async def test_the_same_event_again_is_a_success(self, store: OrderStore) -> None:
        born = await added(store)
        steps = life(born)
        frames = await append_all(store, steps[:3])
        assert await append_all(store, steps[:3]) == frames
        assert same(await store.get(born.order_id), steps[2][0])
        assert list(await store.events(born.order_id, 0)) == frames

    async def test_the_same_event_many_times_at_once_is_kept_once(self, store: OrderStore) -> None:
        born = await added(store)
        step = first_step(born)
        frames = await asyncio.gather(*(append(store, step) for _ in range(10)))
        assert set(frames) == {frame_of(step[1])}
        assert len(await store.events(born.order_id, 0)) == 1

    async def test_a_stale_append_changes_nothing(self, store: OrderStore) -> None:
        born = await added(store)
        steps = life(born)
        await append_all(store, steps[:3])
        before = await store.get(born.order_id)
        too_early, too_late = first_step(born), steps[5]
        for step in (too_early, too_late):
            with pytest.raises(StaleOrder):
                await append(store, step)
        assert await store.get(born.order_id) == before
        assert len(await store.events(born.order_id, 0)) == 3

    async def test_an_unknown_order_is_stale(self, store: OrderStore) -> None:
        with pytest.raises(StaleOrder):
            await append(store, first_step(an_order()))

    async def test_steps_submitted_at_once_are_taken_in_order(self, store: OrderStore) -> None:
        orders = [await added(store) for _ in range(5)]
        lives = [life(order) for order in orders]
        await asyncio.gather(*(append(store, step) for steps in lives for step in steps))
        for order, steps in zip(orders, lives, strict=True):
            assert same(await store.get(order.order_id), steps[-1][0])

    async def test_updated_at_moves(self, harness: OrderStoreHarness) -> None:
        store = harness.store
        born = await added(store)
        await harness.age(60)
        before = await store.get(born.order_id)
        await append(store, first_step(born))
        after = await store.get(born.order_id)
        assert before is not None
        assert after is not None
        assert after.updated_at > before.updated_at
        assert after.created_at == born.created_at

    async def test_an_event_that_cannot_be_stored_harms_no_other(self, store: OrderStore) -> None:
        orders = [await added(store) for _ in range(10)]
        steps = [first_step(order) for order in orders]
        running, _ = steps[4]
        await append(store, steps[4])
        steps[4] = running.fail_attempt(a_stamp(2), "N\0L", 3, 1000)
        outcomes = await asyncio.gather(*(append(store, step) for step in steps), return_exceptions=True)
        assert isinstance(outcomes.pop(4), DataRefused)
        assert outcomes == [frame_of(event) for n, (_, event) in enumerate(steps) if n != 4]
        assert same(await store.get(orders[4].order_id), running)

    async def test_a_price_that_cannot_be_stored_is_refused(self, store: OrderStore) -> None:
        born = await added(store)
        steps = life(born)[:4]
        await append_all(store, steps)
        with pytest.raises(DataRefused):
            await append(store, submitted(born).confirm(a_stamp(9), a_fill(Decimal("1e10"))))
        assert same(await store.get(born.order_id), steps[-1][0])

    async def test_a_cancelled_append_is_kept_or_not_and_may_be_repeated(self, store: OrderStore) -> None:
        orders = [await added(store) for _ in range(10)]
        steps = [first_step(order) for order in orders]
        calls = [asyncio.create_task(append(store, step)) for step in steps]
        await asyncio.sleep(0)
        for call in calls[::2]:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        assert await append_all(store, steps) == [frame_of(event) for _, event in steps]
