"""What a process counts reaches the others once: every five seconds, at its end, and after the store was away."""

import asyncio
from collections.abc import Mapping

import pytest
from attrs import define, field

from adapters.memory.order_counts import InMemoryOrderCounts
from application import observe
from application.count_orders import EVERY_SECONDS, CountOrders
from application.ports.errors import StoreUnavailable
from application.ports.order_counts import CountedPart, Counts
from domain.order import Order
from domain.status import FailureReason
from tests.builders import a_stamp, an_order
from tests.clock import ManualClock
from tests.contracts.order_store_harness import clean_run


@define
class UncertainCounts:
    """Counts that are `away`, perhaps only after they were kept (`answers` are lost)."""

    kept: InMemoryOrderCounts
    away: bool = False
    answers: bool = True
    numbers: list[int] = field(factory=list)

    async def keep(self, process: str, part: CountedPart) -> None:
        self.numbers.append(part.number)
        if self.away:
            raise StoreUnavailable
        await self.kept.keep(process, part)
        if not self.answers:
            raise StoreUnavailable("no answer", accepted="unknown")

    async def windows(self) -> Mapping[str, Counts]:
        return await self.kept.windows()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def counts(clock: ManualClock) -> UncertainCounts:
    return UncertainCounts(InMemoryOrderCounts(clock))


def accepted(times: int = 1) -> None:
    for _ in range(times):
        observe.order_accepted("id", "user", replayed=False)


def ended(order: Order, reason: FailureReason | None) -> None:
    if reason is None:
        for before, step in zip([order] * 5, clean_run(order), strict=True):
            observe.step_stored(before, step)
    else:
        observe.step_stored(order, order.fail(a_stamp(), reason))


async def test_what_was_counted_is_reported_every_five_seconds(counts: UncertainCounts, clock: ManualClock) -> None:
    accepted(3)  # before there was anybody to report it: another's, by the meters of a process that is gone
    reporting = asyncio.create_task(CountOrders(counts, clock, "one").run())
    await clock.settle()
    accepted(2)
    observe.order_accepted("id", "user", replayed=True)
    ended(an_order(), None)
    for reason in (FailureReason.CANCELLED, FailureReason.EXPIRED, FailureReason.INTERNAL_ERROR):
        ended(an_order(), reason)
    await clock.advance(EVERY_SECONDS)
    assert (await counts.windows())["1m"] == Counts(2, 1, 2, 1)
    await clock.advance(10 * EVERY_SECONDS)
    assert counts.numbers == [1]
    accepted()
    reporting.cancel()
    await asyncio.wait([reporting])
    assert (await counts.windows())["1h"] == Counts(3, 1, 2, 1)


async def test_what_a_store_that_is_away_did_not_take_is_reported_later(
    counts: UncertainCounts, clock: ManualClock
) -> None:
    count = CountOrders(counts, clock, "one")
    counts.away = True
    for _ in range(3):
        accepted()
        await count.send()
    counts.away = False
    await count.send()
    assert (await counts.windows())["1m"] == Counts(3)
    assert counts.numbers == [1, 1, 1, 1, 2]


async def test_what_may_have_arrived_counts_once(counts: UncertainCounts, clock: ManualClock) -> None:
    count = CountOrders(counts, clock, "one")
    counts.answers = False
    for _ in range(3):
        accepted()
        await count.send()
    counts.answers = True
    await count.send()
    assert (await counts.windows())["1m"] == Counts(3)


async def test_orders_that_come_without_a_pause_make_no_more_parts(counts: UncertainCounts, clock: ManualClock) -> None:
    @define
    class BusyCounts:
        async def keep(self, process: str, part: CountedPart) -> None:
            await counts.keep(process, part)
            if part.number < 50:
                accepted()  # while the part was on its way

        async def windows(self) -> Mapping[str, Counts]:
            return await counts.windows()

    accepted()
    count = CountOrders(BusyCounts(), clock, "one")
    accepted()
    await count.send()
    await count.send()
    assert counts.numbers == [1, 2]


async def test_the_end_reports_all_also_what_came_while_a_part_was_on_its_way(
    counts: UncertainCounts, clock: ManualClock
) -> None:
    reporting = asyncio.create_task(CountOrders(counts, clock, "one").run())
    await clock.settle()
    accepted()
    counts.answers = False
    await clock.advance(EVERY_SECONDS)
    accepted()
    counts.answers = True
    reporting.cancel()
    await asyncio.wait([reporting])
    assert (await counts.windows())["1m"] == Counts(2)


async def test_nothing_is_reported_before_the_stores_time_is_known(counts: UncertainCounts, clock: ManualClock) -> None:
    on_time = False
    count = CountOrders(counts, clock, "one", lambda: on_time)
    accepted()
    await count.send()
    assert counts.numbers == []
    on_time = True
    await count.send()
    assert (await counts.windows())["1m"] == Counts(1)


async def test_two_that_report_at_once_report_it_once(counts: UncertainCounts, clock: ManualClock) -> None:
    count = CountOrders(counts, clock, "one")
    accepted(5)
    await asyncio.gather(*(count.send() for _ in range(5)))
    assert (counts.numbers, (await counts.windows())["1m"]) == ([1], Counts(5))
