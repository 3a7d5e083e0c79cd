"""Following an order: each seq once, in order, to the end, whatever the feed loses."""

import asyncio
import json
from collections.abc import AsyncIterator, Collection, Iterable, Mapping

import pytest
from attrs import define

from adapters.memory.order_store import InMemoryOrderStore
from adapters.memory.update_feed import InMemoryUpdateFeed
from application.caller import ANYONE
from application.errors import OrderNotFound, SlowWatcher
from application.frames import Frame, birth_frame
from application.mailbox import MAILBOX_FRAMES
from application.order_progress import OrderProgress
from application.ports.errors import StoreUnavailable
from application.ports.order_store import Progress, Record
from application.watch_order import WatchOrder
from domain.order import Order, Step
from tests.builders import QUOTES, ROUTING, VENUES, a_request, a_stamp, a_transaction, an_id
from tests.clock import ManualClock
from tests.scripted_venue import FILL


@define
class Bench:
    """A watched order that the test moves; `publish` says whether the feed hears of it."""

    clock: ManualClock
    store: InMemoryOrderStore
    feed: InMemoryUpdateFeed
    watch: WatchOrder

    async def order(self) -> Order:
        order = Order.new(an_id(), a_request(), self.clock.now())
        await self.store.add(order)
        return order

    async def move(self, order: Order, *, steps: int, publish: bool = True) -> Order:
        for _ in range(steps):
            record = Record.of(order, self._next(order))
            await self.store.append(record)
            order = record.after
            if publish:
                self.feed.publish(record.frames)
        return order

    def _next(self, order: Order) -> Step:
        moves = [
            lambda: order.request_quotes(a_stamp(), VENUES),
            lambda: order.choose_route(a_stamp(), (), QUOTES[1], ROUTING),
            lambda: order.start_building(a_stamp()),
            lambda: order.submit(a_stamp(), a_transaction(order)),
            lambda: order.confirm(a_stamp(), FILL),
        ]
        return moves[order.version]()

    def follow(self, order: Order, after_seq: int | None = None) -> "asyncio.Task[list[Frame]]":
        async def collect() -> list[Frame]:
            return [frame async for frame in self.watch(ANYONE, order.order_id, after_seq)]

        return asyncio.create_task(collect())


def seqs(frames: Iterable[Frame]) -> list[int]:
    return [frame.seq for frame in frames]


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    clock = ManualClock()
    store, feed = InMemoryOrderStore(clock), InMemoryUpdateFeed()
    watch = WatchOrder(store, OrderProgress(store), feed, clock)
    checker = asyncio.create_task(watch.run())
    yield Bench(clock, store, feed, watch)
    checker.cancel()


async def test_an_early_watcher_sees_everything_live(bench: Bench) -> None:
    order = await bench.order()
    following = bench.follow(order)
    await settle()
    await bench.move(order, steps=5)
    frames = await following
    assert seqs(frames) == [0, 1, 2, 3, 4, 5]
    assert frames[0] == birth_frame(order)
    assert list(frames[1:]) == list(await bench.store.events(order.order_id, 0))
    assert frames[-1].final


@pytest.mark.parametrize("before", range(6))
async def test_a_watcher_may_come_at_any_time(bench: Bench, before: int) -> None:
    order = await bench.order()
    moved = await bench.move(order, steps=before)
    following = bench.follow(order)
    await settle()
    await bench.move(moved, steps=5 - before)
    assert seqs(await following) == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(("after", "seen"), [(0, [1, 2, 3, 4, 5]), (3, [4, 5]), (5, []), (99, [])])
async def test_after_seq_of_a_finished_order(bench: Bench, after: int, seen: list[int]) -> None:
    order = await bench.order()
    await bench.move(order, steps=5)
    assert seqs(await bench.follow(order, after)) == seen


async def test_after_seq_beyond_a_live_order_ends_with_it(bench: Bench) -> None:
    order = await bench.order()
    following = bench.follow(order, 99)
    await settle()
    await bench.move(order, steps=5)
    assert await following == []


async def test_a_lost_frame_is_read_when_the_next_one_shows_the_gap(bench: Bench) -> None:
    order = await bench.order()
    following = bench.follow(order)
    await settle()
    moved = await bench.move(order, steps=2, publish=False)
    moved = await bench.move(moved, steps=1)
    await settle()
    await bench.move(moved, steps=2)
    assert seqs(await following) == [0, 1, 2, 3, 4, 5]


async def test_a_lost_final_frame_is_found_by_the_check(bench: Bench) -> None:
    order = await bench.order()
    following = bench.follow(order)
    await settle()
    await bench.move(order, steps=5, publish=False)
    await bench.clock.advance(1)
    assert not following.done()
    await bench.clock.advance(3)
    assert seqs(await following) == [0, 1, 2, 3, 4, 5]


async def test_a_final_frame_that_is_lost_right_after_another_is_found_within_3_s(bench: Bench) -> None:
    order = await bench.order()
    following = bench.follow(order)
    await settle()
    await bench.clock.advance(1.1)  # the worst moment: at the next check, 0.9 s later, the order was heard of just now
    moved = await bench.move(order, steps=4)
    await bench.move(moved, steps=1, publish=False)
    await bench.clock.advance(3)
    assert following.done()
    assert seqs(await following) == [0, 1, 2, 3, 4, 5]


async def test_a_lost_end_beyond_after_seq_is_found_too(bench: Bench) -> None:
    order = await bench.order()
    following = bench.follow(order, 99)
    await settle()
    await bench.move(order, steps=5, publish=False)
    await bench.clock.advance(4)
    assert await following == []


async def test_frames_that_come_twice_are_seen_once(bench: Bench) -> None:
    order = await bench.order()
    following = bench.follow(order)
    await settle()
    moved = await bench.move(order, steps=3)
    bench.feed.publish(await bench.store.events(order.order_id, 0))
    await bench.move(moved, steps=2)
    assert seqs(await following) == [0, 1, 2, 3, 4, 5]


async def test_one_check_serves_all_quiet_watchers(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    last_seqs = bench.store.last_seqs

    async def counted(order_ids: Collection[str]) -> Mapping[str, Progress]:
        asked.append(len(order_ids))
        return await last_seqs(order_ids)

    monkeypatch.setattr(bench.store, "last_seqs", counted)
    orders = [await bench.order() for _ in range(30)]
    following = [bench.follow(order) for order in orders]
    await settle()
    await bench.clock.advance(2.5)
    assert asked == [30]
    for order in orders:
        await bench.move(order, steps=5)
    assert all(seqs(frames) == [0, 1, 2, 3, 4, 5] for frames in await asyncio.gather(*following))
    await bench.clock.advance(10)
    assert sum(asked[1:]) == 30  # of each that it has ended, and nothing of those that are followed no more


async def test_a_store_that_is_away_keeps_the_watcher(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    order = await bench.order()
    following = bench.follow(order)
    await settle()
    last_seqs, away = bench.store.last_seqs, [True]

    async def unreliable(order_ids: Collection[str]) -> Mapping[str, Progress]:
        if away[0]:
            raise StoreUnavailable
        return await last_seqs(order_ids)

    monkeypatch.setattr(bench.store, "last_seqs", unreliable)
    await bench.move(order, steps=5, publish=False)
    await bench.clock.advance(6)
    assert not following.done()
    away[0] = False
    await bench.clock.advance(6)
    assert seqs(await following) == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("order_id", [an_id(), "not-a-uuid", ""])
async def test_an_unknown_order_is_not_found(bench: Bench, order_id: str) -> None:
    with pytest.raises(OrderNotFound):
        await anext(bench.watch(ANYONE, order_id, None))


async def test_a_watcher_that_does_not_read_is_dropped_at_its_bound(bench: Bench) -> None:
    order = await bench.order()
    frames = bench.watch(ANYONE, order.order_id, None)
    assert (await anext(frames)).seq == 0
    told = birth_frame(order)
    bench.feed.publish([told] * (MAILBOX_FRAMES + 1))
    await settle()
    with pytest.raises(SlowWatcher):
        await anext(frames)


async def test_a_watcher_that_leaves_ends_only_its_own_subscription(bench: Bench) -> None:
    order = await bench.order()
    leaver = bench.watch(ANYONE, order.order_id, None)
    stayer = bench.follow(order)
    assert (await anext(leaver)).seq == 0
    await settle()
    await leaver.aclose()
    await bench.move(order, steps=5)
    frames = await stayer
    assert seqs(frames) == [0, 1, 2, 3, 4, 5]
    assert json.loads(frames[-1].text)["status"] == "confirmed"


class TestForgedFrames:
    """Whoever can write to Redis can publish: what the store does not say is shown as a step at most."""

    @staticmethod
    def forged(order: Order, seq: int, *, final: bool = False, user_id: str | None = None) -> Frame:
        return Frame(order.order_id, user_id or order.user_id, seq, final, f"forged {seq}")

    @pytest.mark.parametrize("seq", [-(2**63), 0, 2, 3, 4, 5, 99, 2**63])
    async def test_an_end_that_the_store_does_not_know_is_not_shown_and_ends_nothing(
        self, bench: Bench, seq: int
    ) -> None:
        order = await bench.order()
        following = bench.follow(order)
        await settle()
        moved = await bench.move(order, steps=2)
        for _ in range(2 * MAILBOX_FRAMES):
            bench.feed.publish([self.forged(order, seq, final=True)])
        await settle()
        assert not following.done()
        await bench.move(moved, steps=3)
        frames = await following
        assert list(frames[1:]) == list(await bench.store.events(order.order_id, 0))

    async def test_the_end_is_the_stores_whatever_came_as_it(self, bench: Bench) -> None:
        order = await bench.order()
        following = bench.follow(order)
        await settle()
        moved = await bench.move(order, steps=4)
        await bench.move(moved, steps=1, publish=False)
        bench.feed.publish([self.forged(order, 5, final=True)])
        assert list((await following)[1:]) == list(await bench.store.events(order.order_id, 0))

    async def test_wrong_steps_do_not_hide_the_end(self, bench: Bench) -> None:
        order = await bench.order()
        following = bench.follow(order)
        await settle()
        bench.feed.publish([self.forged(order, seq) for seq in range(1, 20)])
        await settle()
        await bench.move(order, steps=5)
        frames = await following
        assert frames[-1] == (await bench.store.events(order.order_id, 4))[0]

    async def test_a_frame_of_another_user_is_none(self, bench: Bench) -> None:
        order = await bench.order()
        following = bench.follow(order)
        await settle()
        bench.feed.publish([self.forged(order, 1, user_id="another")])
        await settle()
        await bench.move(order, steps=5)
        assert list((await following)[1:]) == list(await bench.store.events(order.order_id, 0))
