"""Follow all orders at once: their frames as they happen, and nothing of what was before."""

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager

from attrs import define, field, frozen

from application import observe
from application.caller import Caller, Scope
from application.frames import Frame
from application.mailbox import Mailbox, TooSlow, ignore
from application.order_progress import OrderProgress
from application.ports.errors import StoreUnavailable
from application.ports.order_store import Progress
from application.ports.update_feed import UpdateFeed

OWN_MOST = 10_000


@frozen
class WatchFeed:
    """Follows the feed. What the feed loses is not sent again: whoever must not miss a frame watches its order.

    Frames are hints here too. That an order has ended, and that it is the user's own, is shown when the store says so.
    """

    feed: UpdateFeed
    progress: OrderProgress

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
            yield self._frames(mailbox, _Follower(seen))

    async def _frames(self, mailbox: Mailbox, follower: "_Follower") -> AsyncIterator[Frame]:
        while True:
            frames = await mailbox.all()
            in_doubt = {frame.order_id for frame in frames if follower.doubts(frame)}
            with mailbox.waiting():  # it is the store that is slow, if anything
                known = await self._known(in_doubt) if in_doubt else {}
            for frame in frames:
                if shown := follower.shown(frame, known.get(frame.order_id)):
                    yield shown

    async def _known(self, order_ids: Collection[str]) -> Mapping[str, Progress]:
        try:
            return await self.progress(order_ids)
        except StoreUnavailable as error:
            observe.store_away("the live feed", error)
            return {}


@define(eq=False)
class _Follower:
    """Decides what one follower sees: of all users' orders (None), or of one's."""

    _user_id: str | None
    _own: dict[str, None] = field(factory=dict)  # orders that are the user's, the newest last

    def doubts(self, frame: Frame) -> bool:
        """Whether the store must be asked before the frame is shown."""
        return frame.final or not (self._user_id is None or frame.order_id in self._own)

    def shown(self, frame: Frame, known: Progress | None) -> Frame | None:
        """Return what is shown of a frame, by what the store said if it was asked."""
        if not self.doubts(frame):
            return frame
        if known is None or self._user_id not in (None, known.user_id):
            return None
        if known.final:
            self._own.pop(frame.order_id, None)
        elif self._user_id is not None:
            self._own[frame.order_id] = None
            if len(self._own) > OWN_MOST:
                del self._own[next(iter(self._own))]
        return known.ending if frame.final else frame
