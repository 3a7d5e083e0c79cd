"""One limit for many futures."""

import asyncio

import pytest

from adapters.redis.shared_limit import SharedLimit
from tests.eventually import eventually

SECONDS = 0.02


def futures(count: int) -> list["asyncio.Future[int]"]:
    loop = asyncio.get_running_loop()
    return [loop.create_future() for _ in range(count)]


async def test_what_is_not_done_in_time_fails() -> None:
    limit, now = SharedLimit(SECONDS), asyncio.get_running_loop().time
    in_time, late, given_up = futures(3)
    begun = now()
    for future in (in_time, late, given_up):
        limit.watch(future)
    in_time.set_result(1)
    given_up.cancel()
    with pytest.raises(TimeoutError):
        await late
    assert now() - begun > SECONDS - 0.001  # a loop's timers may be a little early
    assert (in_time.result(), given_up.cancelled()) == (1, True)


async def test_each_has_the_whole_time() -> None:
    limit, now = SharedLimit(SECONDS), asyncio.get_running_loop().time
    first, second = futures(2)
    limit.watch(first)
    await asyncio.sleep(SECONDS / 2)
    begun = now()
    limit.watch(second)
    for future in (first, second):
        with pytest.raises(TimeoutError):
            await future
    assert now() - begun > SECONDS - 0.001


async def test_it_watches_again_after_a_rest() -> None:
    limit = SharedLimit(SECONDS)
    for _ in range(2):
        [future] = futures(1)
        limit.watch(future)
        await eventually(future.done)
        assert isinstance(future.exception(), TimeoutError)
