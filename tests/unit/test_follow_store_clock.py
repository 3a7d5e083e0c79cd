"""A process goes by the store's clock, whatever its machine's own says."""

import asyncio
import logging
from datetime import datetime, timedelta

import pytest

from adapters.memory.store_clock import InMemoryStoreClock
from application.follow_store_clock import EVERY_SECONDS, RETRY_SECONDS, FollowStoreClock
from application.observe import metrics
from application.ports.errors import StoreUnavailable
from entrypoints.system import SystemClock
from tests.builders import START
from tests.clock import ManualClock
from tests.contracts.store_clock import StoreClockContract

HOUR = timedelta(hours=1)


class TestInMemoryStoreClock(StoreClockContract):
    @pytest.fixture
    def store_clock(self) -> InMemoryStoreClock:
        return InMemoryStoreClock(SystemClock())


class Elsewhere:
    """A store whose clock is `ahead` of this machine's, or that is `away`."""

    def __init__(self, ahead: timedelta) -> None:
        self.ahead = ahead
        self.away = False
        self.reads = 0
        self._here = SystemClock()

    async def read_clock(self) -> datetime:
        self.reads += 1
        if self.away:
            raise StoreUnavailable
        return self._here.wall() + self.ahead


@pytest.mark.parametrize("hours", [-1, 0, 1])
async def test_the_time_becomes_the_stores_and_the_skew_is_told(hours: int, caplog: pytest.LogCaptureFixture) -> None:
    store, clock = Elsewhere(hours * HOUR), SystemClock()
    follow = FollowStoreClock(store, clock)
    with caplog.at_level(logging.WARNING):
        assert await follow()
        assert await follow()
    assert abs(clock.now() - await store.read_clock()) < timedelta(seconds=1)
    assert metrics.METERS.totals()["order_engine_clock_skew_seconds"][()] == pytest.approx([-3600 * hours], abs=1)
    assert [record.message for record in caplog.records] == ["clock_skewed"] * (hours != 0)


async def test_a_store_that_is_away_changes_nothing_and_is_asked_again_soon() -> None:
    store, clock = Elsewhere(HOUR), ManualClock()
    store.away = True
    follow = FollowStoreClock(store, clock)
    following = asyncio.create_task(follow.run())
    await clock.settle()
    assert (store.reads, follow.on_time()) == (1, False)
    store.away = False
    await clock.advance(RETRY_SECONDS)
    assert (store.reads, follow.on_time()) == (4, True)
    await clock.advance(EVERY_SECONDS - 0.1)
    assert store.reads == 4
    await clock.advance(0.1)
    assert store.reads == 7
    following.cancel()


class TestCorrections:
    """The monotonic clock stands still here: times are told as if it were asked just then."""

    @pytest.fixture
    def clock(self, monkeypatch: pytest.MonkeyPatch) -> SystemClock:
        monkeypatch.setattr("time.monotonic_ns", lambda: 100_000_000_000)
        clock = SystemClock()
        clock.correct(START, 100, 100)
        assert clock.now() == START
        return clock

    @pytest.mark.parametrize("seconds", [-3600, -2, 2, 3600])
    def test_an_exact_one_is_taken_at_once(self, clock: SystemClock, seconds: int) -> None:
        clock.correct(START + timedelta(seconds=seconds), 100, 100)
        assert clock.now() == START + timedelta(seconds=seconds)

    @pytest.mark.parametrize("within", [0.001, 0.5, 0.999])
    def test_a_long_round_trip_that_allows_what_is_known_changes_nothing(
        self, clock: SystemClock, within: float
    ) -> None:
        clock.correct(START + timedelta(seconds=within), 100, 101)
        assert clock.now() == START

    def test_it_is_never_further_from_the_truth_than_before(self, clock: SystemClock) -> None:
        for wrong in (0.1, 0.4, 0.6, 1.1, 30):
            for truth in (0, 0.3, 1):  # how much of a second's round trip came after the store looked at its clock
                clock.correct(START - timedelta(days=1), 100, 100)
                clock.correct(START + timedelta(seconds=wrong), 100, 100)
                clock.correct(START - timedelta(seconds=truth), 99, 100)
                assert abs(clock.now() - START) <= timedelta(seconds=wrong)

    def test_a_small_one_lets_the_time_stand_still(self, clock: SystemClock, monkeypatch: pytest.MonkeyPatch) -> None:
        clock.correct(START - timedelta(seconds=0.5), 100, 100)
        assert clock.now() == START
        monkeypatch.setattr("time.monotonic_ns", lambda: 100_600_000_000)
        assert clock.now() == START + timedelta(seconds=0.1)

    def test_the_machines_own_time_is_of_no_matter(self, clock: SystemClock, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("time.time_ns", lambda: 0)
        assert clock.now() == START
