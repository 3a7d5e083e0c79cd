"""The machine's clock and chance, and the clock that tests move."""

import asyncio
import math
import uuid
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from entrypoints.system import TICK_SECONDS, RandomIds, SystemClock
from tests.builders import START
from tests.clock import ManualClock


def test_the_time_is_utc_cut_to_the_millisecond() -> None:
    before = datetime.now(UTC)
    now = SystemClock().now()
    assert now.tzinfo is UTC
    assert now.microsecond % 1000 == 0
    assert before - timedelta(milliseconds=1) < now <= datetime.now(UTC)


async def test_sleeping_takes_the_time_it_should() -> None:
    clock = SystemClock()
    start = clock.monotonic()
    await clock.sleep(0.02)
    assert clock.monotonic() - start > 0.018


async def test_sleeping_for_nothing_gives_no_other_task_a_turn() -> None:
    for clock in (SystemClock(), ManualClock()):
        turns: list[int] = []
        asyncio.get_running_loop().call_soon(turns.append, 1)
        await clock.sleep(0)
        await clock.sleep(-1)
        assert turns == []
        await asyncio.sleep(0)


def test_ids_are_canonical_random_uuids_that_never_repeat() -> None:
    ids = RandomIds()
    made = {ids.new() for _ in range(1000)}
    assert len(made) == 1000
    for text in made:
        assert uuid.UUID(text).version == 4
        assert str(uuid.UUID(text)) == text


def test_an_events_name_never_repeats_whoever_gave_it() -> None:
    made = [ids.event() for ids in (RandomIds(), RandomIds()) for _ in range(1000)]
    assert len(set(made)) == 2000


async def test_the_manual_clock_stands_until_it_is_moved() -> None:
    clock = ManualClock()
    sleeping = asyncio.create_task(clock.sleep(2))
    await clock.advance(1.5)
    assert clock.now() == START + timedelta(seconds=1.5)
    assert not sleeping.done()
    await clock.advance(0.5)
    assert sleeping.done()


async def test_the_manual_clock_wakes_sleepers_in_order_and_lets_them_sleep_again() -> None:
    clock = ManualClock()
    woken: list[tuple[str, float]] = []

    async def tick(name: str, every: float, times: int) -> None:
        for _ in range(times):
            await clock.sleep(every)
            woken.append((name, clock.monotonic()))

    ticking = [asyncio.create_task(tick("slow", 3, 1)), asyncio.create_task(tick("fast", 1, 4))]
    await clock.advance(3.5)
    assert woken == [("fast", 1), ("fast", 2), ("slow", 3), ("fast", 3)]
    await clock.advance(10)
    await asyncio.gather(*ticking)
    assert woken[-1] == ("fast", 4)


async def test_long_sleeps_that_end_in_one_tick_end_in_one_turn_of_the_loop() -> None:
    clock, loop = SystemClock(), asyncio.get_running_loop()
    ended: list[float] = []
    ended_in_the_first_turn: list[int] = []

    async def sleep_until(due: float) -> None:
        await clock.sleep(due - loop.time())
        assert loop.time() > due - 0.001  # a loop's timers may be a little early
        ended.append(due)
        if len(ended) == 1:
            loop.call_soon(lambda: ended_in_the_first_turn.append(len(ended)))

    tick = math.ceil(loop.time() / TICK_SECONDS + 20) * TICK_SECONDS
    await asyncio.gather(*(sleep_until(tick + n / 1000) for n in range(1, 9)))
    await asyncio.sleep(0)
    assert ended_in_the_first_turn == [8]


async def test_a_sleeper_that_gives_up_leaves_the_others_asleep() -> None:
    clock = SystemClock()
    sleepers = [asyncio.create_task(clock.sleep(0.1)) for _ in range(3)]
    await asyncio.sleep(0)
    sleepers[0].cancel()
    done, pending = await asyncio.wait(sleepers, timeout=0.05)
    assert done == {sleepers[0]}
    assert len(await asyncio.gather(*pending)) == 2


def test_a_clock_serves_one_loop_after_another() -> None:
    clock = SystemClock()

    async def leave_a_sleeper() -> None:
        asyncio.create_task(clock.sleep(0.2)).cancel()
        with suppress(TimeoutError):
            async with asyncio.timeout(0.01):
                await clock.sleep(0.2)

    asyncio.run(leave_a_sleeper())
    asyncio.run(asyncio.wait_for(clock.sleep(0.2), 2))
