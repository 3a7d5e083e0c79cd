"""Follow an order: what happened so far, then what happens, each seq once and in order, to its end."""

from collections.abc import AsyncGenerator, Sequence

from attrs import define, field, frozen

from application import observe
from application.caller import Caller, Scope, canonical, find_order
from application.errors import OrderNotFound
from application.frames import Frame, birth_frame
from application.mailbox import Mailbox, TooSlow, ignore
from application.order_progress import OrderProgress
from application.ports.errors import Overloaded, StoreUnavailable
from application.ports.order_store import OrderStore
from application.ports.system import Clock
from application.ports.update_feed import UpdateFeed
from domain.order import Order

CHECK_SECONDS = 2.0
# Shorter than the time between two checks: what the feed lost right after a frame is found by the next but one at most,
# 3 s later, and not only after 4.
QUIET_SECONDS = 1.0
CHECK_BATCH = 1000


@define(eq=False)
class Watcher:
    """One follower of one order: the mailbox that the feed fills, and how far the follower is."""

    order_id: str
    asked_after: int
    quiet_since: float
    mailbox: Mailbox
    _clock: Clock
    last_seq: int = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.last_seq = self.asked_after

    def offer(self, frame: Frame) -> None:
        """Take a frame from the feed. That the order has ended is the store's to say."""
        self.quiet_since = self._clock.monotonic()
        if frame.final:
            self.mailbox.wake()
        else:
            self.mailbox.put(frame)

    def shows(self, frame: Frame) -> bool:
        """Whether the follower is to see a frame: an end always, also after forged frames with higher seqs."""
        return frame.seq > (self.asked_after if frame.final else self.last_seq)

    def look(self) -> None:
        """Send the follower to the store: there is more than the feed delivered."""
        self.mailbox.wake()


@frozen
class WatchOrder:
    """Follows orders. The feed's frames are hints: gaps and ends are read from the store.

    `run` finds what the feed lost. A forged frame may show a wrong step, of this order and user, until the order's end.
    """

    store: OrderStore
    progress: OrderProgress
    feed: UpdateFeed
    clock: Clock
    _watchers: set[Watcher] = field(factory=set)

    async def __call__(
        self, caller: Caller, order_id: str, after_seq: int | None, too_slow: TooSlow = ignore
    ) -> AsyncGenerator[Frame, None]:
        """Yield the order's frames with seq > `after_seq` (all, seq 0 too, when None), ending after the final one.

        Raises OrderNotFound before anything, StoreUnavailable when the story so far cannot be read,
        SlowWatcher when the consumer lets too much wait; `too_slow` as in `Mailbox`.
        """
        caller.require(Scope.ORDERS_READ)
        known = canonical(order_id)
        if known is None:
            raise OrderNotFound
        watcher = Watcher(known, after_seq or 0, self.clock.monotonic(), Mailbox(too_slow), self.clock)
        async with self.feed.subscribe(known, watcher.offer):
            order = await find_order(self.store, caller, known)
            self._watchers.add(watcher)
            try:
                if after_seq is None:
                    yield birth_frame(order)
                async for frame in self._follow(watcher, order):
                    yield frame
            finally:
                self._watchers.discard(watcher)

    async def run(self) -> None:
        """Every 2 s, one batched query for all orders whose followers heard nothing of late; runs until cancelled."""
        while True:
            await self.clock.sleep(CHECK_SECONDS)
            quiet_before = self.clock.monotonic() - QUIET_SECONDS
            quiet = [w for w in self._watchers if w.quiet_since <= quiet_before]
            try:
                for start in range(0, len(quiet), CHECK_BATCH):
                    await self._check(quiet[start : start + CHECK_BATCH])
            except (StoreUnavailable, Overloaded) as error:
                observe.store_away("the check on quiet orders", error)

    async def _check(self, watchers: Sequence[Watcher]) -> None:
        progress = await self.store.last_seqs({w.order_id for w in watchers})
        for watcher in watchers:
            reached = progress.get(watcher.order_id)
            if reached and (reached.final or reached.seq > watcher.last_seq):
                watcher.look()

    async def _follow(self, watcher: Watcher, order: Order) -> AsyncGenerator[Frame, None]:
        news, ended = await self._after(order, watcher.last_seq)
        while True:
            for frame in news:
                if watcher.shows(frame):
                    watcher.last_seq = frame.seq
                    yield frame
                if frame.final:
                    return
            if ended:
                return
            hint = await watcher.mailbox.next()
            if hint is None or hint.seq > watcher.last_seq + 1:
                news, ended = await self._catch_up(watcher)
            else:
                news = (hint,) if hint.user_id == order.user_id else ()

    async def _catch_up(self, watcher: Watcher) -> tuple[Sequence[Frame], bool]:
        """Read what the feed did not deliver; a store that is away is asked again later, the follower stays."""
        try:
            now = (await self.progress((watcher.order_id,))).get(watcher.order_id)
            if now is None:
                return (), True
            if now.ending and now.seq <= watcher.last_seq + 1:
                return (now.ending,), True
            gap = now.seq > watcher.last_seq
            return await self.store.events(watcher.order_id, watcher.last_seq) if gap else (), now.final
        except (StoreUnavailable, Overloaded) as error:
            observe.store_away("a watched order", error)
            await self.clock.sleep(CHECK_SECONDS)
            watcher.look()
            return (), False

    async def _after(self, order: Order, seq: int) -> tuple[Sequence[Frame], bool]:
        """Return the order's frames above `seq`, and whether nothing can follow them."""
        frames = await self.store.events(order.order_id, seq) if order.version > seq else ()
        return frames, order.status.is_final
