"""Waiting in tests: for a fact, never for a while."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

Value = TypeVar("Value")

_PAUSE_SECONDS = 0.005


@overload
async def eventually(check: Callable[[], Awaitable[Value]], *, within: float = 10.0) -> Value: ...


@overload
async def eventually(check: Callable[[], Value], *, within: float = 10.0) -> Value: ...


async def eventually(check: Callable[[], Any], *, within: float = 10.0) -> Any:
    """Call `check` again and again until it returns something true, and return that.

    A check may be a coroutine function, and may assert: after `within` seconds its last assertion fails the test.
    """
    deadline = time.monotonic() + within
    while True:
        late = time.monotonic() > deadline
        try:
            outcome = check()
            if inspect.isawaitable(outcome):
                outcome = await outcome
            if outcome:
                return outcome
        except AssertionError:
            if late:
                raise
        assert not late, f"not true within {within} s: {check}"
        await asyncio.sleep(_PAUSE_SECONDS)
