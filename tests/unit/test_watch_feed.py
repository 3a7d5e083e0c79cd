"""Following all orders: live only, each frame as it was published, of one user if asked, and no end but the store's."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping

import pytest
from attrs import evolve, frozen

from adapters.memory.order_store import InMemoryOrderStore
from adapters.memory.update_feed import InMemoryUpdateFeed
from application.caller import ANYONE
from application.errors import SlowWatcher
from application.frames import Frame, birth_frame
from application.mailbox import MAILBOX_FRAMES
from application.order_progress import OrderProgress
from application.ports.errors import StoreUnavailable
from application.ports.order_store import Progress
from application.watch_feed import WatchFeed
from domain.order import Order
from tests.builders import an_order
from tests.clock import ManualClock
from tests.contracts.order_store_harness import append, life


@frozen
class Bench:
    """Orders that a test makes and moves, and the feed that hears of it."""

    store: InMemoryOrderStore
    feed: InMemoryUpdateFeed
    watch: WatchFeed

    async def births(self, *users: str) -> list[Frame]:
        """Have an order of each user; return their first frames, which nobody has published yet."""
        orders = [an_order(userId=user) for user in users]
        for order in orders:
            await self.store.add(order)
        return [birth_frame(order) for order in orders]

    async def life(self, user: str) -> list[Frame]:
        """Have an order that has ended; return all its frames."""
        order = an_order(userId=user)
        await self.store.add(order)
        return [birth_frame(order), *[await append(self.store, step) for step in life(order)]]


@pytest.fixture
def bench() -> Bench:
    store, feed = InMemoryOrderStore(ManualClock()), InMemoryUpdateFeed()
    return Bench(store, feed, WatchFeed(feed, OrderProgress(store)))


async def some(frames: AsyncIterator[Frame], many: int) -> list[Frame]:
    return [await anext(frames) for _ in range(many)]


async def test_frames_of_all_orders_come_from_now_on(bench: Bench) -> None:
    bench.feed.publish(await bench.births("anna"))
    async with bench.watch(ANYONE, None) as frames:
        published = await bench.births("anna", "bert", "anna")
        bench.feed.publish(published)
        assert await some(frames, 3) == published


@pytest.mark.parametrize("user_id", [None, "anna"])
async def test_a_final_frame_ends_nothing(bench: Bench, user_id: str | None) -> None:
    async with bench.watch(ANYONE, user_id) as frames:
        published = [*await bench.life("anna"), *await bench.life("anna")]
        bench.feed.publish(published)
        assert await some(frames, len(published)) == published


async def test_one_users_frames_alone_and_exactly(bench: Bench) -> None:
    mine, *others = await bench.births("anna", "Anna", "anna ann", "ann")
    async with bench.watch(ANYONE, "anna") as frames:
        bench.feed.publish([*others * MAILBOX_FRAMES, mine])  # what is not asked for takes no room
        assert await anext(frames) == mine


async def test_a_follower_that_does_not_read_is_told_so(bench: Bench) -> None:
    told: list[str] = []
    async with bench.watch(ANYONE, None, lambda: told.append("too slow")) as frames:
        bench.feed.publish(await bench.births("anna") * (MAILBOX_FRAMES + 1))
        assert told == ["too slow"]
        with pytest.raises(SlowWatcher):
            await anext(frames)


async def test_an_end_that_the_store_does_not_know_is_not_shown(bench: Bench) -> None:
    [birth, other] = await bench.births("anna", "anna")
    forged = [evolve(birth, seq=seq, final=True, text="forged") for seq in (0, 1, 5, 2**63)]
    async with bench.watch(ANYONE, None) as frames:
        bench.feed.publish([*forged, Frame("no order", "anna", 5, True, "forged"), other])
        assert await anext(frames) == other


async def test_an_end_is_the_stores_whatever_came_as_it(bench: Bench) -> None:
    *_, end = await bench.life("anna")
    async with bench.watch(ANYONE, None) as frames:
        bench.feed.publish([evolve(end, text="forged")])
        assert await anext(frames) == end


async def test_another_users_order_is_not_shown_as_ones_own(bench: Bench) -> None:
    [mine, hers] = await bench.births("anna", "bert")
    *_, end = await bench.life("bert")
    forged = [evolve(frame, user_id="anna") for frame in (hers, end, evolve(hers, order_id="no order"))]
    async with bench.watch(ANYONE, "anna") as frames:
        bench.feed.publish([*forged, mine])
        assert await anext(frames) == mine


async def test_while_the_store_is_away_steps_go_on_and_ends_are_not_told(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(order_ids: Collection[str]) -> Mapping[str, Progress]:
        raise StoreUnavailable

    birth, *_, end = await bench.life("anna")
    monkeypatch.setattr(bench.store, "last_seqs", away)
    async with bench.watch(ANYONE, None) as frames:
        bench.feed.publish([end, birth])
        assert await anext(frames) == birth
    async with bench.watch(ANYONE, "anna") as frames:
        bench.feed.publish([birth])
        waiting = asyncio.ensure_future(anext(frames))
        await asyncio.sleep(0)
        monkeypatch.undo()
        bench.feed.publish([birth])
        assert await waiting == birth


async def test_all_followers_are_answered_by_one_read(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    last_seqs, may_answer = bench.store.last_seqs, asyncio.Event()

    async def counted(order_ids: Collection[str]) -> Mapping[str, Progress]:
        asked.append(len(order_ids))
        await may_answer.wait()
        return await last_seqs(order_ids)

    monkeypatch.setattr(bench.store, "last_seqs", counted)
    ends = [(await bench.life("anna"))[-1] for _ in range(20)]

    async def first(end: Frame) -> Frame:
        async with bench.watch(ANYONE, None) as frames:
            bench.feed.publish([end])
            return await anext(frames)

    following = [asyncio.create_task(first(end)) for end in ends]
    for _ in range(20):
        await asyncio.sleep(0)
    may_answer.set()
    await asyncio.gather(*following)
    assert len(asked) <= 3


async def test_a_follower_who_leaves_in_the_middle_of_a_read_leaves_the_others_theirs(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    progress = OrderProgress(bench.store)
    order: Order = an_order()
    await bench.store.add(order)
    last_seqs, begun = bench.store.last_seqs, asyncio.Event()

    async def never(order_ids: Collection[str]) -> Mapping[str, Progress]:
        begun.set()
        await asyncio.Event().wait()
        return {}

    monkeypatch.setattr(bench.store, "last_seqs", never)
    leaver = asyncio.create_task(progress([order.order_id]))
    await begun.wait()
    stayer = asyncio.create_task(progress([order.order_id]))
    await asyncio.sleep(0)
    monkeypatch.setattr(bench.store, "last_seqs", last_seqs)
    leaver.cancel()
    assert (await stayer)[order.order_id].user_id == order.user_id
