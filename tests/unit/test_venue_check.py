"""A venue that keeps the rules passes; one that breaks a rule is told which."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal

import pytest

from adapters.http_venue.check.bench import Bench, Broken
from adapters.http_venue.check.check import verdicts
from adapters.http_venue.check.rules import RULES
from application.ports.errors import VenueUnavailable
from entrypoints.container.venue_check import bench_at
from tests import small_venue
from tests.hostile_venue import reply, venue_that_responds
from tests.small_venue import SmallVenue

BREAKS: Mapping[str, list[type[SmallVenue]]] = {
    "quotes a price": [small_venue.KeepsAllItSwaps],
    "gives each order and each attempt": [small_venue.HasOneHash, small_venue.HasOneHashAnOrder],
    "takes a transaction for as long": [small_venue.TakesItForAnHour],
    "sends nothing by itself": [small_venue.SendsAtTheBuild, small_venue.CallsItNotFound],
    "swaps what was ordered": [small_venue.SwapsHalf, small_venue.KeepsMoreThanItQuoted],
    "lands a transaction once": [small_venue.LandsAnew, small_venue.LandsAndRejects],
    "never takes back": [small_venue.ForgetsAtTheExpiry],
    "refuses a price below": [small_venue.KnowsNoLimit, small_venue.TakesItInTheEnd],
    "refuses what has expired": [small_venue.KnowsNoExpiry, small_venue.TakesItInTheEnd],
    "brings a swap to its end": [small_venue.LandsAndRejects],
    "has each swap once": [small_venue.ListsTwice, small_venue.ListsNothing],
}
PAIRS = [(rule, venue) for rule, venues in BREAKS.items() for venue in venues]


@asynccontextmanager
async def bench_of(venue: SmallVenue) -> AsyncIterator[Bench]:
    waits = {"timeout_seconds": 5, "swap_timeout_seconds": 5, "brief_seconds": 0.2, "margin_seconds": 0.05}
    async with venue_that_responds(venue) as url, bench_at(url, ("SOL", "USDC"), Decimal(1), **waits) as bench:
        yield bench


async def test_a_venue_that_keeps_all_rules_passes() -> None:
    async with bench_of(SmallVenue()) as bench:
        found = [verdict async for verdict in verdicts(bench)]
    assert [verdict.why for verdict in found] == [None] * len(RULES)


@pytest.mark.parametrize(("rule", "venue"), PAIRS, ids=[venue.__name__ for _, venue in PAIRS])
async def test_a_venue_that_breaks_a_rule_is_told_which(rule: str, venue: type[SmallVenue]) -> None:
    [broken] = [each for each in RULES if each.text.startswith(rule)]
    async with bench_of(venue()) as bench:
        with pytest.raises((Broken, VenueUnavailable)):
            await broken.tried(bench)


def test_every_rule_is_broken_here() -> None:
    assert [rule.text for rule in RULES if not any(map(rule.text.startswith, BREAKS))] == []
    assert len(BREAKS) == len(RULES)


async def test_a_venue_without_a_list_needs_none() -> None:
    class HasNoList(SmallVenue):
        def __call__(self, request: object) -> bytes:
            return reply("", "404 Not Found") if "?since=" in str(request) else super().__call__(request)  # type: ignore[arg-type]

    async with bench_of(HasNoList()) as bench:
        assert [verdict.why async for verdict in verdicts(bench)][-1] is None
