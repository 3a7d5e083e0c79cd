"""What many processes give together stays within the limit, however a client spreads its calls over them."""

from collections.abc import Callable

import pytest
from attrs import define, field

from adapters.memory.limit_reports import InMemoryLimitReports
from application.limits.limit import Limit
from application.limits.rate_limit import RateLimit
from application.limits.share_limits import APART_SECONDS, ShareLimits
from application.limits.socket_limit import SocketLimit
from application.ports.errors import QueueUnavailable
from application.ports.limit_reports import Exchange, Report
from tests.clock import ManualClock

HUNDRED = Limit(100, 1)
STEP = 0.01
Load = Callable[[int, float], float]  # calls a second, at a process and a time


class Reports(InMemoryLimitReports):
    """Reports, unless Redis is away."""

    away = False

    async def exchange(self, process: str, report: Report, since: int = 0) -> Exchange:
        if self.away:
            raise QueueUnavailable
        return await super().exchange(process, report, since)


@define
class Process:
    limit: RateLimit
    share: ShareLimits
    owed: float = 0.0
    given: list[float] = field(factory=list)

    def ask(self, client: str, now: float) -> bool:
        bucket = self.limit.bucket(client, now)
        if not bucket.has(1):
            self.limit.shares.runs_short(client)
            return False
        self.limit.take(client, bucket, 1)
        return True


@define
class Fleet:
    """Processes that exchange their reports, each at its own moments."""

    limit: Limit
    count: int
    clock: ManualClock = field(factory=ManualClock)
    reports: Reports = field(factory=Reports)
    processes: list[Process] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.processes = []
        for number in range(self.count):
            rate = RateLimit("orders-user", self.limit, self.clock.monotonic)
            self.processes.append(Process(rate, ShareLimits([rate], self.reports, self.clock, f"p{number}")))

    async def run(self, seconds: float, load: Load) -> list[int]:
        """Have a client ask so much; return how many it was given in each second."""
        begun, steps = self.clock.monotonic(), round(seconds / STEP)
        for process in self.processes:
            process.given.clear()
        for step in range(steps):
            now = self.clock.monotonic()
            for number, process in enumerate(self.processes):
                every = round(APART_SECONDS / STEP)
                if step % every == number * 7 % every:
                    await process.share.exchange()
                process.owed += load(number, now - begun) * STEP
                while process.owed >= 1:
                    process.owed -= 1
                    if process.ask("anna", now):
                        process.given.append(now - begun)
            await self.clock.advance(STEP)
        given = [moment for process in self.processes for moment in process.given]
        return [sum(second <= moment < second + 1 for moment in given) for second in range(round(seconds))]

    async def started(self) -> "Fleet":
        await self.run(1, lambda *_: 0)
        return self


PATTERNS: dict[str, Load] = {
    "all": lambda *_: 400,
    "unevenly": lambda number, _: [1000, 50, 400, 5][number],
    "one": lambda number, _: 500 if number == 0 else 0,
    "one, then all": lambda number, at: 500 if number == 0 or at > 2 else 0,
    "one after another": lambda number, at: 1000 if int(at) % 4 == number else 0,
    "one after another, soon": lambda number, at: 1000 if int(at / 0.3) % 4 == number else 0,
    "one and all by turns": lambda number, at: 1000 if number == 0 or int(at) % 2 else 0,
    "one and all by turns, seldom": lambda number, at: 1000 if number == 0 or int(at) % 5 == 4 else 0,
    "bursts apart": lambda _, at: 2000 if at % 3 < 0.3 else 0,
}


@pytest.mark.parametrize("pattern", PATTERNS)
async def test_many_processes_together_give_at_most_a_fifth_more_than_the_limit(pattern: str) -> None:
    fleet = await Fleet(HUNDRED, 4).started()
    given = await fleet.run(10, PATTERNS[pattern])
    assert sum(given) <= 1.2 * 10 * 100
    longest = await fleet.run(10, PATTERNS[pattern])
    assert sum(longest) <= 1.2 * 10 * 100


@pytest.mark.parametrize("limit", [Limit(1, 1), Limit(5, 1), Limit(60, 60), Limit(600, 60, 10)])
async def test_small_limits_too(limit: Limit) -> None:
    fleet = await Fleet(limit, 4).started()
    assert sum(await fleet.run(10, lambda *_: 50)) <= 1.2 * 10 * limit.whole + limit.at_once - 1


async def test_a_client_at_one_process_has_the_whole_limit_within_two_seconds() -> None:
    fleet = await Fleet(HUNDRED, 4).started()
    given = await fleet.run(6, PATTERNS["one"])
    assert all(95 <= second <= 105 for second in given[2:])


async def test_a_client_within_its_limit_is_hardly_refused_wherever_it_asks() -> None:
    fleet = await Fleet(HUNDRED, 4).started()
    assert sum(await fleet.run(10, lambda number, _: 60 if number == 0 else 0)) >= 560
    assert sum(await fleet.run(10, lambda number, _: 15)) >= 590


async def test_a_process_that_ends_leaves_its_share_and_one_that_starts_gets_one() -> None:
    fleet = await Fleet(HUNDRED, 4).started()
    await fleet.run(3, PATTERNS["all"])
    gone = fleet.processes[1:]
    del fleet.processes[1:]
    given = await fleet.run(10, PATTERNS["one"])
    assert 95 <= given[-1] <= 105
    fleet.processes += gone
    await fleet.run(3, PATTERNS["all"])
    assert sum(await fleet.run(5, PATTERNS["all"])) <= 1.2 * 500


async def test_while_redis_is_away_each_process_keeps_its_share_and_that_is_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    fleet = await Fleet(HUNDRED, 4).started()
    await fleet.run(3, PATTERNS["one"])
    fleet.reports.away = True
    assert 90 <= (await fleet.run(3, PATTERNS["one"]))[-1] <= 105
    assert sum(await fleet.run(10, PATTERNS["all"])) <= 1.2 * 1000
    assert [record.message for record in caplog.records] == ["queue_away"]


def a_rate(limit: Limit, **options: int) -> tuple[RateLimit, ManualClock]:
    clock = ManualClock()
    return RateLimit("requests-address", limit, clock.monotonic, **options), clock


async def test_one_process_gives_a_burst_and_then_the_rate() -> None:
    rate, clock = a_rate(Limit(10, 1, 20))
    process = Process(rate, None)  # type: ignore[arg-type]
    assert [process.ask("a", 0.0) for _ in range(21)] == [True] * 20 + [False]
    await clock.advance(1)
    assert [process.ask("a", 1.0) for _ in range(11)] == [True] * 10 + [False]
    assert process.ask("b", 1.0)


async def test_more_than_ever_fits_takes_a_full_bucket_and_is_paid_for() -> None:
    rate, _ = a_rate(Limit(10, 1))
    bucket = rate.bucket("a", 0.0, 100)
    assert bucket.has(100)
    rate.take("a", bucket, 100)
    assert not rate.bucket("a", 9.0).has(1)
    assert rate.bucket("a", 9.2).has(1)


async def test_millions_of_clients_take_little_room_and_nobody_who_asks_gets_a_second_burst() -> None:
    rate, _ = a_rate(Limit(5, 1), kept_most=1000)
    process = Process(rate, None)  # type: ignore[arg-type]
    assert [process.ask("busy", 0.0) for _ in range(6)][-1] is False
    for number in range(20_000):
        process.ask(f"client {number}", 0.0)
        if number % 500 == 0:
            assert not process.ask("busy", 0.0)
    assert len(rate._young) + len(rate._old) <= 2000  # noqa: SLF001 - there is no other way to see it


async def test_buckets_of_who_is_gone_are_forgotten() -> None:
    rate, clock = a_rate(Limit(5, 1))
    rate.bucket("a", 0.0)
    for _ in range(2):
        await clock.advance(61)
        rate.look()
    assert not rate._young | rate._old  # noqa: SLF001


SOCKETS: dict[str, Load] = {
    "all": lambda *_: 200,
    "one": lambda number, _: 200 if number == 0 else 0,
    "unevenly": lambda number, _: [1000, 10, 100, 0][number],
    "one after another": lambda number, at: 500 if int(at) % 4 == number else 0,
}


@pytest.mark.parametrize("pattern", SOCKETS)
async def test_many_processes_together_hold_no_more_sockets_than_the_limit_and_reach_it(pattern: str) -> None:
    clock, reports = ManualClock(), InMemoryLimitReports()
    limits = [SocketLimit("sockets-user", Limit(100)) for _ in range(4)]
    shares = [ShareLimits([limit], reports, clock, f"p{number}") for number, limit in enumerate(limits)]
    held, owed = [0] * 4, [0.0] * 4
    for share in shares * 2:
        await share.exchange()
    for step in range(1000):
        for number, limit in enumerate(limits):
            if step % 25 == number * 7 % 25:
                await shares[number].exchange()
            owed[number] += SOCKETS[pattern](number, step * STEP) * STEP
            while owed[number] >= 1:
                owed[number] -= 1
                held[number] += limit.opens("anna")
        assert sum(held) <= 105
    assert sum(held) >= 95
    for number, limit in enumerate(limits):
        for _ in range(held[number]):
            limit.closed("anna")
        limit.look()


async def test_sockets_that_are_closed_make_room() -> None:
    limit = SocketLimit("sockets-user", Limit(2))
    assert [limit.opens("anna") for _ in range(3)] == [True, True, False]
    assert limit.opens("bob")
    limit.closed("anna")
    assert limit.opens("anna")
    for client in ("anna", "anna", "bob"):
        limit.closed(client)
    for _ in range(2):
        limit.shares.report()
        limit.look()
    assert limit.opens("anna")
