"""What every update feed must do. An adapter's test class derives from `UpdateFeedContract` and gives its `harness`."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from typing import Any

import pytest
from attrs import frozen

from application.frames import Frame
from application.ports.update_feed import UpdateFeed
from tests.builders import an_id
from tests.eventually import eventually


@frozen
class UpdateFeedHarness:
    """`feed` and `elsewhere` are open feeds of one channel, as two processes have them."""

    feed: UpdateFeed
    elsewhere: UpdateFeed
    close: Callable[[], Awaitable[None]]


def a_frame(order_id: str, seq: int = 1, message: str = "Building transaction...", final: bool = False) -> Frame:
    """Return a frame whose text is like a real one's."""
    status = "confirmed" if final else "building"
    text = f'{{"orderId":"{order_id}","status":"{status}","message":"{message}","seq":{seq},"userId":"user 1"}}'
    return Frame(order_id, "user 1", seq, final, text)


async def arrive(got: Sequence[object], count: int = 1) -> None:
    """Return when at least `count` have arrived."""
    await eventually(lambda: len(got) >= count)


class UpdateFeedContract:
    @pytest.fixture
    def harness(self) -> Any:
        """Give two open feeds of one channel; a test class overrides this."""
        raise NotImplementedError

    @pytest.fixture
    def feed(self, harness: UpdateFeedHarness) -> UpdateFeed:
        return harness.feed

    async def test_what_is_published_after_subscribing_arrives(self, harness: UpdateFeedHarness) -> None:
        for seq in range(20):
            got: list[Frame] = []
            frame = a_frame(an_id(), seq)
            async with harness.feed.subscribe(frame.order_id, got.append):
                harness.elsewhere.publish([frame])
                await arrive(got)
            assert got == [frame]

    async def test_a_process_gets_its_own_frames_too(self, feed: UpdateFeed) -> None:
        got: list[Frame] = []
        async with feed.subscribe("a", got.append):
            feed.publish([a_frame("a")])
            await eventually(lambda: got == [a_frame("a")])

    async def test_frames_arrive_byte_for_byte_whatever_they_say(self, harness: UpdateFeedHarness) -> None:
        got: list[Frame] = []
        frames = [a_frame("órder ✓", seq, message) for seq, message in enumerate(("ü✓😀", "\\u0000 \\n", "x" * 50_000))]
        frames.append(a_frame("órder ✓", 9, final=True))
        async with harness.feed.subscribe("órder ✓", got.append):
            harness.elsewhere.publish(frames)
            await arrive(got, len(frames))
        assert got == frames

    async def test_the_order_of_frames_is_kept(self, harness: UpdateFeedHarness) -> None:
        ids = [an_id() for _ in range(5)]
        got: list[Frame] = []
        frames = [a_frame(order_id, seq) for seq in range(400) for order_id in ids]
        async with harness.feed.subscribe_all(got.append):
            for start in range(0, len(frames), 7):
                harness.elsewhere.publish(frames[start : start + 7])
                await asyncio.sleep(0)
            await arrive(got, len(frames))
        assert got == frames

    async def test_a_subscriber_gets_its_own_order_only(self, harness: UpdateFeedHarness) -> None:
        got: list[Frame] = []
        async with harness.feed.subscribe("a", got.append):
            harness.elsewhere.publish([a_frame("b"), a_frame("aa"), a_frame("a")])
            await arrive(got)
        assert got == [a_frame("a")]

    async def test_each_of_many_subscribers_gets_each_frame_once(self, harness: UpdateFeedHarness) -> None:
        inboxes: list[list[Frame]] = [[] for _ in range(10)]
        frames = [a_frame("a", seq) for seq in range(10)]
        async with AsyncExitStack() as stack:
            for inbox in inboxes[:5]:
                await stack.enter_async_context(harness.feed.subscribe("a", inbox.append))
            for inbox in inboxes[5:]:
                await stack.enter_async_context(harness.elsewhere.subscribe("a", inbox.append))
            harness.feed.publish(frames)
            await eventually(lambda: all(len(inbox) >= 10 for inbox in inboxes))
        assert inboxes == [frames] * 10

    async def test_one_that_leaves_leaves_the_others_subscribed(self, harness: UpdateFeedHarness) -> None:
        left: list[Frame] = []
        stays: list[Frame] = []
        everything: list[Frame] = []
        async with harness.feed.subscribe("a", stays.append), harness.feed.subscribe_all(everything.append):
            async with harness.feed.subscribe("a", left.append), harness.feed.subscribe_all(left.append):
                pass
            harness.elsewhere.publish([a_frame("a")])
            await eventually(lambda: stays and everything)
        assert (left, stays, everything) == ([], [a_frame("a")], [a_frame("a")])

    async def test_one_sink_may_be_subscribed_twice(self, harness: UpdateFeedHarness) -> None:
        got: list[Frame] = []
        sink = got.append
        async with harness.feed.subscribe("a", sink):
            async with harness.feed.subscribe("a", sink):
                harness.elsewhere.publish([a_frame("a", 1)])
                await arrive(got, 2)
            harness.elsewhere.publish([a_frame("a", 2)])
            await arrive(got, 3)
        assert [frame.seq for frame in got] == [1, 1, 2]

    async def test_a_subscriber_of_all_gets_frames_of_all_orders_once(self, harness: UpdateFeedHarness) -> None:
        everything: list[Frame] = []
        one: list[Frame] = []
        frames = [a_frame(order_id, seq) for seq in range(3) for order_id in ("a", "b", "c")]
        async with harness.feed.subscribe_all(everything.append), harness.feed.subscribe("b", one.append):
            harness.elsewhere.publish(frames)
            await eventually(lambda: len(everything) >= 9 and len(one) >= 3)
        assert everything == frames
        assert one == [frame for frame in frames if frame.order_id == "b"]

    async def test_who_comes_back_at_once_gets_what_is_published_then(self, harness: UpdateFeedHarness) -> None:
        for seq in range(20):
            async with harness.feed.subscribe("a", lambda frame: None):
                pass
            got: list[Frame] = []
            async with harness.feed.subscribe("a", got.append):
                harness.elsewhere.publish([a_frame("a", seq)])
                await arrive(got)
            assert got == [a_frame("a", seq)]

    async def test_1000_subscriptions_at_once_all_hold(self, harness: UpdateFeedHarness) -> None:
        ids = [an_id() for _ in range(1000)]
        got: list[str] = []
        async with AsyncExitStack() as stack:
            contexts = [harness.feed.subscribe(order_id, lambda frame: got.append(frame.order_id)) for order_id in ids]
            await asyncio.gather(*(stack.enter_async_context(context) for context in contexts))
            harness.elsewhere.publish([a_frame(order_id) for order_id in ids])
            await arrive(got, 1000)
        assert got == ids

    async def test_a_sink_that_fails_harms_no_other(self, harness: UpdateFeedHarness) -> None:
        def fail(frame: Frame) -> None:
            raise ZeroDivisionError

        got: list[Frame] = []
        async with harness.feed.subscribe("a", fail), harness.feed.subscribe("a", got.append):
            for seq in range(3):
                harness.feed.publish([a_frame("a", seq)])
            await arrive(got, 3)

    async def test_a_reader_that_does_not_read_holds_up_no_other(self, harness: UpdateFeedHarness) -> None:
        mailbox: asyncio.Queue[Frame] = asyncio.Queue(maxsize=1)

        def offer(frame: Frame) -> None:
            if not mailbox.full():
                mailbox.put_nowait(frame)

        got: list[Frame] = []
        frames = [a_frame("a", seq) for seq in range(2000)]
        async with harness.feed.subscribe("a", offer), harness.feed.subscribe("a", got.append):
            harness.elsewhere.publish(frames)
            await arrive(got, 2000)
        assert got == frames

    async def test_a_cancelled_subscription_leaves_nothing_behind(self, harness: UpdateFeedHarness) -> None:
        async def watch() -> None:
            async with harness.feed.subscribe("a", cancelled.append):
                await asyncio.Event().wait()

        for turns in range(15):
            cancelled: list[Frame] = []
            got: list[Frame] = []
            watching = asyncio.create_task(watch())
            for _ in range(turns):
                await asyncio.sleep(0)
            watching.cancel()
            await asyncio.wait((watching,))
            async with harness.feed.subscribe("a", got.append):
                harness.elsewhere.publish([a_frame("a")])
                await arrive(got)
            assert (cancelled, got) == ([], [a_frame("a")])

    async def test_publishing_to_nobody_or_nothing_is_fine(self, feed: UpdateFeed) -> None:
        feed.publish([a_frame("a")])
        feed.publish([])

    async def test_closing_twice_is_fine_and_publishing_then_too(self, harness: UpdateFeedHarness) -> None:
        await harness.close()
        await harness.close()
        harness.feed.publish([a_frame("a")])

    async def test_a_subscriber_may_leave_after_the_feed_closed(self, harness: UpdateFeedHarness) -> None:
        async with harness.feed.subscribe("a", lambda frame: None), harness.feed.subscribe_all(lambda frame: None):
            await harness.close()
