"""The batcher: who shares a flush, and what each caller hears of it."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence

import pytest
from attrs import define, field

from adapters.batching import Batcher
from application.ports.errors import Overloaded


@define
class Flushes:
    """Records batches; each flush lasts until the test lets it end, unless `free`."""

    batches: list[list[str]] = field(factory=list)
    free: bool = True
    failing: set[str] = field(factory=set)
    broken: Exception | None = None
    go: asyncio.Semaphore = field(factory=lambda: asyncio.Semaphore(0))

    async def __call__(self, items: Sequence[str]) -> Sequence[str | Exception]:
        self.batches.append(list(items))
        if not self.free:
            await self.go.acquire()
        if self.broken:
            raise self.broken
        return [ValueError(item) if item in self.failing else item.upper() for item in items]


@pytest.fixture
def flushes() -> Flushes:
    return Flushes()


@pytest.fixture
async def batcher(flushes: Flushes) -> AsyncIterator[Batcher[str, str]]:
    batcher: Batcher[str, str] = Batcher(flushes, most=3, bound=6)
    batcher.open()
    yield batcher
    flushes.free = True
    flushes.go.release()
    await batcher.close()


async def submit(batcher: Batcher[str, str], items: Iterable[str]) -> "list[asyncio.Future[str]]":
    """Submit each item in order, and let the flusher see them."""
    tasks = [batcher.submit(item) for item in items]
    for _ in range(3):
        await asyncio.sleep(0)
    return tasks


async def test_each_caller_gets_its_own_result(batcher: Batcher[str, str]) -> None:
    assert await asyncio.gather(*(batcher.submit(item) for item in "abcdef")) == list("ABCDEF")


async def test_a_lone_item_does_not_wait_for_company(batcher: Batcher[str, str], flushes: Flushes) -> None:
    assert await batcher.submit("a") == "A"
    assert flushes.batches == [["a"]]


async def test_what_comes_during_a_flush_shares_the_next_up_to_the_most(
    batcher: Batcher[str, str], flushes: Flushes
) -> None:
    flushes.free = False
    tasks = await submit(batcher, "a")
    tasks += await submit(batcher, "bcdef")
    assert flushes.batches == [["a"]]
    flushes.free = True
    flushes.go.release()
    assert await asyncio.gather(*tasks) == list("ABCDEF")
    assert flushes.batches == [["a"], ["b", "c", "d"], ["e", "f"]]


async def test_items_of_one_key_never_share_a_flush_and_stay_in_order() -> None:
    flushes = Flushes(free=False)
    batcher: Batcher[str, str] = Batcher(flushes, most=10, bound=20, key=lambda item: item[0])
    batcher.open()
    tasks = await submit(batcher, ["-"])
    tasks += await submit(batcher, ["a1", "b1", "a2", "a3", "c1", "b2"])
    flushes.free = True
    flushes.go.release()
    await asyncio.gather(*tasks)
    assert flushes.batches == [["-"], ["a1", "b1", "c1"], ["a2", "b2"], ["a3"]]
    await batcher.close()


async def test_one_failing_item_fails_its_caller_only(batcher: Batcher[str, str], flushes: Flushes) -> None:
    flushes.failing = {"b"}
    a, b, c = await asyncio.gather(*(batcher.submit(item) for item in "abc"), return_exceptions=True)
    assert (a, c) == ("A", "C")
    assert isinstance(b, ValueError)


async def test_a_failing_flush_fails_its_callers_and_no_later_one(batcher: Batcher[str, str], flushes: Flushes) -> None:
    flushes.broken = OSError("gone")
    outcomes = await asyncio.gather(*(batcher.submit(item) for item in "ab"), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [OSError, OSError]
    flushes.broken = None
    assert await batcher.submit("c") == "C"


async def test_a_flush_with_too_few_results_fails_its_callers() -> None:
    async def forgetful(items: Sequence[str]) -> Sequence[str]:
        return items[1:]

    batcher: Batcher[str, str] = Batcher(forgetful, most=3, bound=6)
    batcher.open()
    with pytest.raises(ValueError, match="zip"):
        await batcher.submit("a")
    await batcher.close()


async def test_beyond_the_bound_items_are_refused(batcher: Batcher[str, str], flushes: Flushes) -> None:
    flushes.free = False
    tasks = await submit(batcher, "a")
    tasks += await submit(batcher, "bcdefg")
    with pytest.raises(Overloaded):
        await batcher.submit("h")
    flushes.free = True
    flushes.go.release()
    assert await asyncio.gather(*tasks) == list("ABCDEFG")


async def test_a_caller_that_gives_up_disturbs_nobody(batcher: Batcher[str, str], flushes: Flushes) -> None:
    flushes.free = False
    (first,) = await submit(batcher, "a")
    waiting = await submit(batcher, "bc")
    first.cancel()
    waiting[0].cancel()
    flushes.free = True
    flushes.go.release()
    assert await waiting[1] == "C"
    assert first.cancelled()
    assert waiting[0].cancelled()


async def test_closing_flushes_what_waits_and_refuses_what_comes(batcher: Batcher[str, str], flushes: Flushes) -> None:
    flushes.free = False
    tasks = await submit(batcher, "abcde")
    closing = asyncio.create_task(batcher.close())
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await batcher.submit("f")
    flushes.free = True
    flushes.go.release()
    await closing
    assert [task.result() for task in tasks] == list("ABCDE")
    await batcher.close()
    with pytest.raises(Overloaded):
        await batcher.submit("g")


async def test_it_may_be_opened_again(batcher: Batcher[str, str]) -> None:
    await batcher.close()
    batcher.open()
    assert await batcher.submit("a") == "A"


async def test_a_batcher_that_was_never_opened_refuses() -> None:
    batcher: Batcher[str, str] = Batcher(Flushes(), most=3, bound=6)
    await batcher.close()
    with pytest.raises(Overloaded):
        await batcher.submit("a")


async def test_a_cancelled_close_leaves_nobody_waiting(batcher: Batcher[str, str], flushes: Flushes) -> None:
    flushes.free = False
    tasks = await submit(batcher, "a")
    tasks += await submit(batcher, "bcde")
    closing = asyncio.create_task(batcher.close())
    await asyncio.sleep(0)
    closing.cancel()
    await asyncio.gather(closing, *tasks, return_exceptions=True)
    assert all(task.cancelled() for task in tasks)
    batcher.open()


async def test_flushes_keep_apart_and_a_lone_item_goes_at_once(flushes: Flushes) -> None:
    batcher: Batcher[str, str] = Batcher(flushes, most=3, bound=6, apart=0.2)
    batcher.open()
    now = asyncio.get_running_loop().time
    began = now()
    await batcher.submit("a")
    assert now() - began < 0.2
    assert await asyncio.gather(*(batcher.submit(item) for item in "bcd")) == list("BCD")
    assert now() - began >= 0.2
    assert flushes.batches == [["a"], ["b", "c", "d"]]
    await batcher.close()


async def test_full_batches_do_not_keep_apart(flushes: Flushes) -> None:
    batcher: Batcher[str, str] = Batcher(flushes, most=3, bound=9, apart=0.5)
    batcher.open()
    now = asyncio.get_running_loop().time
    began = now()
    full, rest = [batcher.submit(item) for item in "abcdef"], batcher.submit("g")
    assert await asyncio.gather(*full) == list("ABCDEF")
    assert now() - began < 0.5
    assert await rest == "G"
    assert now() - began >= 0.5
    assert flushes.batches == [["a", "b", "c"], ["d", "e", "f"], ["g"]]
    await batcher.close()


async def test_callers_that_come_again_are_flushed_by_halves() -> None:
    sizes: list[int] = []

    async def flush(items: Sequence[str]) -> Sequence[str]:
        sizes.append(len(items))
        for _ in range(5):  # long enough for those that were answered to come again
            await asyncio.sleep(0)
        return items

    batcher: Batcher[str, str] = Batcher(flush, most=100, bound=100, half_from=2)
    batcher.open()

    async def call_six_times() -> None:
        for _ in range(6):
            await batcher.submit("item")

    await asyncio.gather(*(call_six_times() for _ in range(8)))
    assert sizes == [4] * 12
    await batcher.close()


@pytest.mark.parametrize(("items", "sizes"), [(5, [5]), (6, [6]), (7, [4, 3]), (30, [8, 8, 8, 6])])
async def test_small_batches_are_not_halved_and_large_ones_keep_to_the_most(
    flushes: Flushes, items: int, sizes: list[int]
) -> None:
    batcher: Batcher[str, str] = Batcher(flushes, most=8, bound=30, half_from=4)
    batcher.open()
    await asyncio.gather(*(batcher.submit("item") for _ in range(items)))
    assert [len(batch) for batch in flushes.batches] == sizes
    await batcher.close()
