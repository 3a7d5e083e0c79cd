"""Makes what tries out a venue, which no settings name."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from functools import partial

from adapters.http_venue.check.bench import Bench
from adapters.http_venue.check.check import Verdict as Verdict  # for the command
from adapters.http_venue.check.check import verdicts as verdicts
from adapters.http_venue.venue import HttpVenue
from entrypoints.lifecycle import opened
from entrypoints.system import RandomIds, SystemClock

VALID_SECONDS = 30.0
CONNECTIONS = 10


@asynccontextmanager
async def bench_at(
    url: str,
    pair: tuple[str, str],
    amount: Decimal,
    *,
    timeout_seconds: float,
    swap_timeout_seconds: float,
    brief_seconds: float = 2.0,
    margin_seconds: float = 1.0,
) -> AsyncIterator[Bench]:
    """Open the venue at a URL for as long as it is tried out."""
    clock = SystemClock()
    made = partial(
        HttpVenue,
        "venue",
        url,
        clock,
        timeout_seconds=timeout_seconds,
        swap_timeout_seconds=swap_timeout_seconds,
        connections=CONNECTIONS,
    )
    venue, another = made(valid_seconds=VALID_SECONDS), made(valid_seconds=VALID_SECONDS)
    brief = made(valid_seconds=brief_seconds)
    async with opened(venue, another, brief):
        yield Bench(venue, another, brief, clock, RandomIds(), pair, amount, brief_seconds, margin_seconds)
