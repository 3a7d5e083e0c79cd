"""One kind of call, in groups: a batcher, a connection of its own, and a limit on how long a call may take."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Generic, TypeVar

import psycopg

from adapters.batching import Batcher
from adapters.postgres.connection import CALL_SECONDS
from adapters.postgres.errors import for_one_more, translated
from adapters.postgres.own_connection import OwnConnection
from application.ports.errors import PortError, StoreUnavailable

Item = TypeVar("Item")
Result = TypeVar("Result")

Run = Callable[[OwnConnection, Sequence[Item], float], Awaitable[Sequence[Result | PortError]]]

# With less time than this a call is not begun: it would end the whole group for the sake of one.
_LEAST_SECONDS = 0.25


class GroupedCalls(Generic[Item, Result]):
    """Hands what callers submit to `run` in groups; items with an equal key never meet in one.

    `run` gets the `connection`, which is for these calls alone, the group and its deadline (loop time), and must be
    harmless to repeat. When it raises an error that one row is to blame for, it gets the group's items one by one.
    `done` gets one item of each group that went well.
    """

    def __init__(
        self,
        connection: OwnConnection,
        run: "Run[Item, Result]",
        *,
        most: int,
        bound: int,
        key: Callable[[Item], Hashable] | None = None,
        apart: float = 0.0,
        half_from: int | None = None,
        kind: str = "other",
        done: Callable[[Item, Result], None] | None = None,
    ) -> None:
        self._run = run
        self._done = done
        # The loop's own, once open: to ask for the running loop is a system call.
        self._time: Callable[[], float] = time.monotonic
        self._connection = connection
        self._batcher: Batcher[tuple[Item, float], Result] = Batcher(
            self._flush,
            most=most,
            bound=bound,
            key=key and (lambda call: key(call[0])),
            apart=apart,
            half_from=half_from,
            kind=kind,
        )

    def open(self) -> None:
        """Start; nothing is connected before the first call."""
        self._time = asyncio.get_running_loop().time
        self._batcher.open()

    async def close(self) -> None:
        """Finish what waits, then disconnect. Idempotent."""
        await self._batcher.close()
        await self._connection.close()

    def submit(self, item: Item) -> "asyncio.Future[Result]":
        """Have `item` run; await its outcome, which comes when it is certain, or an error within CALL_SECONDS.

        That holds for calls that wait, too: a group's time ends with its oldest call's. Raises Overloaded at once.
        """
        return self._batcher.submit((item, self._time() + CALL_SECONDS))

    async def _flush(self, calls: Sequence[tuple[Item, float]]) -> Sequence[Result | Exception]:
        soon = self._time() + _LEAST_SECONDS
        timely = [item for item, deadline in calls if deadline >= soon]  # the newest: calls come in order
        late = len(calls) - len(timely)
        results: list[Result | Exception] = [StoreUnavailable() for _ in range(late)]
        if timely:
            results += await self._in_time(timely, calls[late][1])
        return results

    async def _in_time(self, items: Sequence[Item], deadline: float) -> Sequence[Result | PortError]:
        try:
            results = await self._run(self._connection, items, deadline)
        except PortError as error:
            return [for_one_more(error) for _ in items]
        except (psycopg.Error, UnicodeEncodeError) as error:
            if len(items) == 1:
                return [translated(error)]
        else:
            self._report_one(items, results)
            return results
        return [(await self._in_time([item], deadline))[0] for item in items]

    def _report_one(self, items: Sequence[Item], results: Sequence[Result | PortError]) -> None:
        if self._done is None:
            return
        for item, result in zip(items, results, strict=True):
            if not isinstance(result, PortError):
                self._done(item, result)
                return
