"""What every keeper of counts does: a part counts once, whoever asks, in each window that it lies in."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from attrs import frozen

from application.ports.order_counts import WINDOWS, CountedPart, Counts, OrderCounts

SOME = Counts(7, 3, 2, 1)


@frozen
class CountsBench:
    """Counts, as two processes see them; there is none yet. `now` reads the clock that windows go by."""

    counts: OrderCounts
    others: OrderCounts
    now: Callable[[], datetime]


class OrderCountsContract(ABC):
    """Override `bench`."""

    @pytest.fixture
    @abstractmethod
    def bench(self) -> CountsBench: ...

    async def test_without_a_part_nothing_was_counted(self, bench: CountsBench) -> None:
        assert await bench.counts.windows() == dict.fromkeys(WINDOWS, Counts())

    async def test_what_all_processes_counted_is_added_up(self, bench: CountsBench) -> None:
        await bench.counts.keep("one", CountedPart(1, bench.now(), SOME))
        await bench.counts.keep("one", CountedPart(2, bench.now(), Counts(1)))
        await bench.others.keep("other", CountedPart(1, bench.now(), Counts(0, 0, 0, 5)))
        assert (
            await bench.counts.windows() == await bench.others.windows() == dict.fromkeys(WINDOWS, Counts(8, 3, 2, 6))
        )

    async def test_a_part_that_comes_again_counts_once(self, bench: CountsBench) -> None:
        first, second = CountedPart(1, bench.now(), SOME), CountedPart(2, bench.now(), SOME)
        for part in (first, first, second, first, second):
            await bench.counts.keep("one", part)
        assert set((await bench.counts.windows()).values()) == {SOME + SOME}

    @pytest.mark.parametrize(
        ("age", "in_windows"),
        [
            (timedelta(seconds=40), ("1m", "1h", "24h")),
            (timedelta(seconds=70), ("1h", "24h")),
            (timedelta(minutes=58), ("1h", "24h")),
            (timedelta(minutes=62), ("24h",)),
            (timedelta(hours=23, minutes=58), ("24h",)),
            (timedelta(hours=24, minutes=2), ()),
        ],
        ids=str,
    )
    async def test_a_part_is_in_the_windows_that_it_is_young_enough_for(
        self, bench: CountsBench, age: timedelta, in_windows: tuple[str, ...]
    ) -> None:
        await bench.counts.keep("one", CountedPart(1, bench.now() - age, SOME))
        windows = await bench.counts.windows()
        assert tuple(name for name, counts in windows.items() if counts == SOME) == in_windows
        assert sum(windows.values(), Counts()).accepted == 7 * len(in_windows)

    async def test_a_clock_that_was_put_back_takes_no_counts_away(self, bench: CountsBench) -> None:
        """The process then counts again for a minute that it had counted for before."""
        at = bench.now()
        for number, ahead in ((1, 0), (2, 120), (3, 0), (4, 120)):
            await bench.counts.keep("one", CountedPart(number, at + timedelta(seconds=ahead), Counts(1)))
        assert set((await bench.counts.windows()).values()) == {Counts(4)}
