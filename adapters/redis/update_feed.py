"""The live channel on Redis pub/sub: `updates:<orderId>`, each message a frame's text."""

from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager

from redis.asyncio import Redis

from adapters.redis.channel import PATTERN, channel_of
from adapters.redis.publisher import Publisher
from adapters.redis.subscriber import Subscriber
from application.frames import Frame
from application.ports.update_feed import Sink


class RedisUpdateFeed:
    """An `UpdateFeed` for one process: one connection publishes, one listens for all subscribers.

    `subscribe` waits at most 0.2 s for the server, and not at all while it is known to be away.
    """

    def __init__(self, client: Redis) -> None:
        self._publisher = Publisher(client)
        self._subscriber = Subscriber(client, self._publisher.probe, self._publisher.look_again)

    @property
    def dropped(self) -> int:
        """How many frames were never sent, since there were too many or the server was away."""
        return self._publisher.dropped

    async def open(self) -> None:
        """Start to publish and to listen; a server that is away is waited for in the background."""
        self._publisher.open()
        self._subscriber.open()

    async def close(self) -> None:
        """Send what waits and stop listening. Idempotent; the client stays open."""
        await self._publisher.close()
        await self._subscriber.close()

    async def ping(self) -> None:
        """Return when the server would publish frames. Raises QueueUnavailable."""
        await self._publisher.probe()

    def publish(self, frames: Iterable[Frame]) -> None:
        self._publisher.publish(frames)

    def subscribe(self, order_id: str, sink: Sink) -> AbstractAsyncContextManager[None]:
        return self._subscriber.listening(channel_of(order_id), sink)

    def subscribe_all(self, sink: Sink) -> AbstractAsyncContextManager[None]:
        return self._subscriber.listening(PATTERN, sink)
