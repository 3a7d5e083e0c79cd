"""Following all orders: live only, each frame as it was published, of one user if asked."""

import pytest

from adapters.memory.update_feed import InMemoryUpdateFeed
from application.caller import ANYONE
from application.errors import SlowWatcher
from application.frames import Frame, birth_frame
from application.mailbox import MAILBOX_FRAMES
from application.watch_feed import WatchFeed
from tests.builders import an_order


def births(*users: str) -> list[Frame]:
    return [birth_frame(an_order(userId=user)) for user in users]


async def test_frames_of_all_orders_come_from_now_on() -> None:
    feed = InMemoryUpdateFeed()
    feed.publish(births("anna"))
    async with WatchFeed(feed)(ANYONE, None) as frames:
        published = births("anna", "bert", "anna")
        feed.publish(published)
        assert [await anext(frames) for _ in published] == published


async def test_a_final_frame_ends_nothing() -> None:
    feed = InMemoryUpdateFeed()
    final = Frame("order", "anna", 5, True, "{}")
    async with WatchFeed(feed)(ANYONE, None) as frames:
        feed.publish([final, final])
        assert [await anext(frames), await anext(frames)] == [final, final]


async def test_one_users_frames_alone_and_exactly() -> None:
    feed = InMemoryUpdateFeed()
    mine, *others = births("anna", "Anna", "anna ann", "ann")
    async with WatchFeed(feed)(ANYONE, "anna") as frames:
        feed.publish([*others * MAILBOX_FRAMES, mine])  # what is not asked for takes no room
        assert await anext(frames) == mine


async def test_a_follower_that_does_not_read_is_told_so() -> None:
    feed = InMemoryUpdateFeed()
    told: list[str] = []
    async with WatchFeed(feed)(ANYONE, None, lambda: told.append("too slow")) as frames:
        feed.publish(births("anna") * (MAILBOX_FRAMES + 1))
        assert told == ["too slow"]
        with pytest.raises(SlowWatcher):
            await anext(frames)
