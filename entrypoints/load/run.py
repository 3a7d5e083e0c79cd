"""Runs a load: posts, follows, and ends when every accepted order is final, time is over, or somebody wants to stop."""

import asyncio
import signal
import time
from collections.abc import Callable, Coroutine
from typing import Any

from attrs import frozen

from entrypoints.load.following import Follower
from entrypoints.load.posting import Plan, post_all
from entrypoints.load.tally import Tally

TICK_SECONDS = 0.05
PATIENCE_SECONDS = 60.0  # with a feed that does not come


@frozen
class Outcome:
    """How a load went. `posting` and `total` are seconds; `cpu_share` is the part of a core that posting took here."""

    plan: Plan
    tally: Tally
    posting: float
    total: float
    cpu_share: float
    has_feed: bool
    interrupted: bool


async def run(plan: Plan, tally: Tally, patience: float, tick: Callable[[], None]) -> Outcome:
    """Run a load; `patience` are the seconds that the last order may take after it was posted."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, stop.set)
    follower = Follower(plan.url, plan.user, tally)
    following = asyncio.create_task(follower.run())
    ticking = asyncio.create_task(_tick(tick))
    try:
        await _first(follower.ready.wait(), stop.wait(), _end_of(following), asyncio.sleep(PATIENCE_SECONDS))
        began, cpu_began = time.monotonic(), time.process_time()
        await _first(post_all(plan, tally), stop.wait(), _end_of(following))
        posted, cpu = time.monotonic(), time.process_time() - cpu_began
        await _first(_all_final(tally), stop.wait(), _end_of(following), asyncio.sleep(patience))
    finally:
        await _cancelled(following, ticking)
        asyncio.get_running_loop().remove_signal_handler(signal.SIGINT)
    posting, total = posted - began, max(tally.last_final, tally.last_accepted, began) - began
    share = cpu / posting if posting else 0.0
    return Outcome(plan, tally, posting, total, share, bool(follower.has_feed), stop.is_set())


async def _first(*awaited: Coroutine[Any, Any, object]) -> None:
    """Wait until one is done, and cancel the others."""
    tasks = [asyncio.create_task(coroutine) for coroutine in awaited]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        await _cancelled(*tasks)


async def _end_of(task: "asyncio.Task[None]") -> None:
    """Wait for a task that only ends by an error, and raise that."""
    await asyncio.shield(task)


async def _cancelled(*tasks: "asyncio.Task[Any]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _all_final(tally: Tally) -> None:
    while tally.open:  # noqa: ASYNC110 - the tally has no events
        await asyncio.sleep(TICK_SECONDS)


async def _tick(tick: Callable[[], None]) -> None:
    while True:
        tick()
        await asyncio.sleep(2 * TICK_SECONDS)
