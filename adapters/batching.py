"""Group commit: while one flush is under way the next items gather, then go together."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Generic, TypeVar

from application import observe
from application.ports.errors import Overloaded

# For what nobody at the other end of a connection waits for. A third of the CPU at 1,250 orders/s: see ADR 3.
FLUSHES_APART = 0.005

Item = TypeVar("Item")
Result = TypeVar("Result")

Flush = Callable[[Sequence[Item]], Awaitable[Sequence[Result | Exception]]]


class Batcher(Generic[Item, Result]):
    """Turns single calls into batches: a flush starts as soon as there is an item and the flush before is done.

    `flush` gets up to `most` items and returns one result or exception each, in order; when it raises, all of the batch
    fail with that. Items with equal `key` never share a flush: the later waits for the next, in order.
    Beyond `bound` waiting items `submit` raises Overloaded. Flushes start at least `apart` seconds from each other: a
    trickle of items that would each have had a flush makes small groups. Neither a lone item waits, nor `most`.
    A batch takes half of what waits and the last batch had, unless that is less than `half_from`: for callers that come
    again when they are answered, so that one half does while the other is flushed.
    `kind` is what the batches are counted under.
    """

    def __init__(
        self,
        flush: "Flush[Item, Result]",
        *,
        most: int,
        bound: int,
        key: Callable[[Item], Hashable] | None = None,
        apart: float = 0.0,
        half_from: int | None = None,
        kind: str = "other",
    ) -> None:
        self._flush = flush
        self._kind = kind
        self._most = most
        self._bound = bound
        self._key = key
        self._apart = apart
        self._half_from = half_from
        self._last = 0  # how many the last batch had
        self._waiting: deque[tuple[Item, asyncio.Future[Result]]] = deque()
        self._arrived = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._closing = False

    def open(self) -> None:
        """Start the flusher; must run in the event loop that submits."""
        self._closing = False
        self._task = asyncio.create_task(self._run(), name="batcher")

    async def close(self) -> None:
        """Flush what waits, then stop. Idempotent; later submits raise Overloaded."""
        self._closing = True
        self._arrived.set()
        if self._task is not None:
            await self._task
            self._task = None

    def submit(self, item: Item) -> "asyncio.Future[Result]":
        """Have `item` flushed; await its result, or its error, after the flush. Raises Overloaded at once.

        A caller that is cancelled stops waiting; its item may be flushed all the same.
        """
        if self._task is None or self._closing or len(self._waiting) >= self._bound:
            raise Overloaded("too many writes are waiting")
        future: asyncio.Future[Result] = self._task.get_loop().create_future()
        self._waiting.append((item, future))
        self._arrived.set()
        return future

    async def _run(self) -> None:
        now = asyncio.get_running_loop().time
        try:
            while self._waiting or not self._closing:
                if self._waiting:
                    next_at = now() + self._apart
                    await self._flush_next()
                    if len(self._waiting) < self._most and (rest := next_at - now()) > 0:
                        await asyncio.sleep(rest)
                else:
                    self._arrived.clear()
                    await self._arrived.wait()
        finally:
            # Only after a cancellation: nobody may wait for a flusher that is gone.
            self._closing = True
            while self._waiting:
                self._waiting.popleft()[1].cancel()

    async def _flush_next(self) -> None:
        batch = self._next_batch()
        self._last = len(batch)
        begun = time.perf_counter()
        try:
            results = await self._flush([item for item, _ in batch])
            outcomes = list(zip(batch, results, strict=True))
        except asyncio.CancelledError:
            for _, future in batch:
                future.cancel()
            raise
        except Exception as error:  # raised to every caller of the batch
            outcomes = [(entry, error) for entry in batch]
        observe.batch_flushed(self._kind, len(batch), time.perf_counter() - begun)
        for (_, future), result in outcomes:
            if future.done():
                continue
            if isinstance(result, Exception):
                future.set_exception(result)
            else:
                future.set_result(result)

    def _most_now(self) -> int:
        half = (self._last + len(self._waiting) + 1) // 2
        return self._most if self._half_from is None or half < self._half_from else min(half, self._most)

    def _next_batch(self) -> list[tuple[Item, "asyncio.Future[Result]"]]:
        waiting = self._waiting
        batch: list[tuple[Item, asyncio.Future[Result]]] = []
        most = self._most_now()
        if self._key is None:
            while waiting and len(batch) < most:
                batch.append(waiting.popleft())
            return batch
        seen: set[Hashable] = set()
        later: deque[tuple[Item, asyncio.Future[Result]]] = deque()
        while waiting and len(batch) < most:
            entry = waiting.popleft()
            key = self._key(entry[0])
            if key in seen:
                later.append(entry)
            else:
                seen.add(key)
                batch.append(entry)
        waiting.extendleft(reversed(later))
        return batch
