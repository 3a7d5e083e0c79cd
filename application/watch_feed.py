"""Follow all orders at once: their frames as they happen, and nothing of what was before."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from attrs import frozen

from application.caller import Caller, Scope
from application.frames import Frame
from application.mailbox import Mailbox, TooSlow, ignore
from application.ports.update_feed import UpdateFeed


@frozen
class WatchFeed:
    """Follows the feed. What the feed loses is not sent again: whoever must not miss a frame watches its order."""

    feed: UpdateFeed

    @asynccontextmanager
    async def __call__(
        self, caller: Caller, user_id: str | None, too_slow: TooSlow = ignore
    ) -> AsyncIterator[AsyncIterator[Frame]]:
        """Give the frames of all orders that the caller may see, or of one user's, from when the context is entered.

        They never end. Entered as `UpdateFeed.subscribe` is. `too_slow` as in `Mailbox`; then the frames raise
        SlowWatcher.
        """
        caller.require(Scope.ORDERS_READ)
        seen = caller.seen_users(user_id)
        mailbox = Mailbox(too_slow)

        def sink(frame: Frame) -> None:
            if seen is None or seen == frame.user_id:
                mailbox.put(frame)

        async with self.feed.subscribe_all(sink):
            yield _frames(mailbox)


async def _frames(mailbox: Mailbox) -> AsyncIterator[Frame]:
    while True:
        frame = await mailbox.next()
        if frame is not None:
            yield frame
