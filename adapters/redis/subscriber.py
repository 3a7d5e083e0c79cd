"""The listening half of the Redis feed: one connection for all subscriptions of a process."""

import asyncio
import math
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import count
from typing import Any

from redis.asyncio import Redis

from adapters.redis.channel import PATTERN, PREFIX, read_frame
from application import observe
from application.ports.errors import QueueUnavailable
from application.ports.update_feed import Sink

ACK_SECONDS = 0.2
CONNECT_SECONDS = 1.0
REST_SECONDS = 0.5
# Silence after which something is published for this process alone, and then gets as long again to arrive.
SILENCE_SECONDS = 2.0
MOST_AT_ONCE = 1000
TURN = 64


class Subscriber:
    """Holds the sinks by channel, and a connection while there are any; reconnects and subscribes again by itself.

    A demoted primary keeps its subscribers and takes new ones, and may never tell them anything again. So silence is
    believed only when what `probe` publishes on a channel of our own comes back; else `look_again` is called as well.
    """

    def __init__(
        self, client: Redis, probe: Callable[[str], Awaitable[None]], look_again: Callable[[], Awaitable[None]]
    ) -> None:
        self._pool = client.connection_pool
        self._probe = probe
        self._look_again = look_again
        self._own_channel = f"{PREFIX}probe:{secrets.token_hex(8)}"
        self._sinks: dict[bytes, dict[object, Sink]] = {}
        self._wanted = asyncio.Event()
        self._away = False
        self._linked = False
        self._task: asyncio.Task[None] | None = None
        # Of the present connection: what the server was sent, how many of its answers are due, what has changed since.
        self._subscribed: set[bytes] = set()
        self._unanswered: Counter[bytes] = Counter()
        self._changed: dict[bytes, None] = {}
        self._change = asyncio.Event()
        self._heard = True
        self._acks: dict[bytes, set[asyncio.Future[None]]] = {}

    def open(self) -> None:
        """Start to listen as soon as anybody subscribes."""
        self._away = False
        self._task = asyncio.create_task(self._run(), name="update subscriber")

    async def close(self) -> None:
        """Stop listening. Idempotent."""
        self._away = True
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait((task,))

    @asynccontextmanager
    async def listening(self, target: bytes, sink: Sink) -> AsyncIterator[None]:
        """Call `sink` for the frames of a channel, or of PATTERN."""
        key = object()
        sinks = self._sinks.setdefault(target, {})
        sinks[key] = sink
        self._wanted.set()
        try:
            await self._joined(target)
            yield
        finally:
            del sinks[key]
            if not sinks:
                del self._sinks[target]
                self._note_change(target)
            if not self._sinks:
                self._wanted.clear()

    async def _joined(self, target: bytes) -> None:
        """Return when the server sends us what is published from now on, or soon if it is away."""
        if self._linked and target in self._subscribed and not self._unanswered[target]:
            return
        self._note_change(target)
        if self._away:
            return
        ack: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        acks = self._acks.setdefault(target, set())
        acks.add(ack)
        try:
            async with asyncio.timeout(ACK_SECONDS):
                await ack
        except TimeoutError:
            pass
        finally:
            acks.discard(ack)
            if not acks and self._acks.get(target) is acks:
                del self._acks[target]

    def _note_change(self, target: bytes) -> None:
        if self._linked:  # else all that is wanted is sent on connecting
            self._changed[target] = None
            self._change.set()

    async def _run(self) -> None:
        # A task group that fails while it is cancelled reports the failure only, so `close` says it this way too.
        while self._task is not None:
            await self._wanted.wait()
            try:
                await self._listen()
            except Exception as error:  # whatever it was, the cure is a new connection
                if not self._away:
                    observe.feed_away("the subscriber", error)
            self._away = True
            self._release_all()
            await asyncio.sleep(REST_SECONDS)

    async def _listen(self) -> None:
        """Connect, subscribe to all that is wanted, and pass frames on until the connection ends."""
        async with asyncio.timeout(CONNECT_SECONDS):
            connection = await self._pool.get_connection()  # type: ignore[no-untyped-call]
        try:
            self._subscribed.clear()
            self._unanswered.clear()
            self._changed = dict.fromkeys(self._sinks)
            self._change.set()
            await connection.send_command("SUBSCRIBE", self._own_channel, check_health=False)
            self._linked, self._away = True, False
            async with asyncio.TaskGroup() as group:
                group.create_task(self._send_changes(connection))
                group.create_task(self._watch())
                await self._read(connection)
        finally:
            self._linked = False
            await connection.disconnect(nowait=True)
            await self._pool.release(connection)

    async def _send_changes(self, connection: Any) -> None:
        """Send the server the changes; those that come meanwhile go together."""
        while True:
            await self._change.wait()
            self._change.clear()
            changed, self._changed = self._changed, {}
            joined = [target for target in changed if target in self._sinks and target not in self._subscribed]
            left = [target for target in changed if target not in self._sinks and target in self._subscribed]
            self._subscribed.update(joined)
            self._subscribed.difference_update(left)
            self._unanswered.update(joined)
            self._unanswered.update(left)
            for command, targets in (("SUBSCRIBE", joined), ("UNSUBSCRIBE", left)):
                if PATTERN in targets:
                    targets.remove(PATTERN)
                    await connection.send_command(f"P{command}", PATTERN, check_health=False)
                for start in range(0, len(targets), MOST_AT_ONCE):
                    await connection.send_command(command, *targets[start : start + MOST_AT_ONCE], check_health=False)

    async def _watch(self) -> None:
        """End a connection that stays silent though something was published."""
        asked = False
        while True:
            self._heard = False
            await asyncio.sleep(SILENCE_SECONDS)
            if self._heard:
                asked = False
            elif asked:
                await self._look_again()
                raise OSError("what is published does not come here")
            else:
                asked = True
                with suppress(QueueUnavailable):
                    await self._probe(self._own_channel)

    async def _read(self, connection: Any) -> None:
        for number in count(1):
            if number % TURN == 0:
                await asyncio.sleep(0)  # reading alone never waits while there is more: sinks' owners get their turn
            message: Sequence[Any] = await connection.read_response(
                timeout=math.inf, disconnect_on_error=False, push_request=True
            )
            match message:
                case [b"message", channel, text]:
                    self._heard = True
                    self._pass_on(channel, channel, text)
                case [b"pmessage", pattern, channel, text]:
                    self._heard = True
                    self._pass_on(pattern, channel, text)
                case [b"subscribe" | b"unsubscribe" | b"psubscribe" | b"punsubscribe", target, _]:
                    self._answered(target)

    def _answered(self, target: bytes) -> None:
        self._unanswered[target] -= 1  # the own channel's answer is awaited by nobody
        if self._unanswered[target] > 0:
            return
        del self._unanswered[target]
        if target in self._subscribed:
            self._release(target)

    def _release(self, target: bytes) -> None:
        for ack in self._acks.pop(target, ()):
            if not ack.done():
                ack.set_result(None)

    def _release_all(self) -> None:
        for target in tuple(self._acks):
            self._release(target)

    def _pass_on(self, target: bytes, channel: bytes, text: bytes) -> None:
        sinks = self._sinks.get(target)
        frame = read_frame(channel, text) if sinks else None
        if sinks and frame:
            for sink in tuple(sinks.values()):
                try:
                    sink(frame)
                except Exception as error:  # one sink's mistake must not end the connection of all
                    observe.sink_failed(frame.order_id, error)
