"""`order-engine venue-check` on the venue simulator, and on a simulator that means harm."""

import asyncio
import json
from decimal import Decimal
from pathlib import Path

import pytest

from adapters.http_venue.check.rules import RULES
from entrypoints.container.venue_check import bench_at, verdicts
from simulators.venue.faults import Faults, Harm
from tests.hostile_venue import hostile_venue, reply
from tests.processes import finished
from tests.venues import venue_in_loop


async def test_the_simulator_keeps_every_rule(tmp_path: Path) -> None:
    async with venue_in_loop(tmp_path) as venue:
        checked = await asyncio.to_thread(finished, "venue-check", f"{venue.url}/Meteora", "--json")
    assert json.loads(checked.stdout) == [{"rule": rule.text, "kept": True, "why": None} for rule in RULES]
    assert checked.returncode == 0


async def test_a_venue_that_breaks_a_rule_ends_it_with_1_and_a_line_for_each_rule() -> None:
    async with hostile_venue(reply("<html>", "500 Oh")) as venue:
        checked = await asyncio.to_thread(finished, "venue-check", venue.url, "--pair", "SOL/USDT", "--amount", "0.1")
    assert checked.stdout.splitlines() == [f"FAILED  {rule.text}: answered 500" for rule in RULES]
    assert checked.returncode == 1


@pytest.mark.parametrize(
    ("harm", "rule"),
    [
        (Harm.LOW_FILL, "lands a transaction once"),
        (Harm.OTHER_HASH, "swaps what was ordered"),
        (Harm.OTHER_ORDER, "swaps what was ordered"),
        (Harm.SHARED_HASH, "gives each order"),
        (Harm.PACKED, "quotes a price"),
        (Harm.FLOOD, "quotes a price"),
    ],
)
async def test_a_venue_that_means_harm_is_found_out(harm: Harm, rule: str, tmp_path: Path) -> None:
    waits = {"timeout_seconds": 5, "swap_timeout_seconds": 5, "brief_seconds": 0.2, "margin_seconds": 0.05}
    async with (
        venue_in_loop(tmp_path, Faults(0, 1.0, (harm,))) as venue,
        bench_at(f"{venue.url}/Meteora", ("SOL", "USDC"), Decimal(1), **waits) as bench,
    ):
        broken = [verdict.rule for verdict in [one async for one in verdicts(bench)] if verdict.why is not None]
    assert any(text.startswith(rule) for text in broken)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["https://venue.example/x"], "that takes ORDER_ENGINE_MODE=live"),
        (["mock:"], "must start with http:// or https://"),
        (["http://127.0.0.1:3002/x?y=z"], "The venue's URL must be"),
        (["http://127.0.0.1:3002", "--pair", "SOL"], "--pair must be two tokens"),
        (["http://127.0.0.1:3002", "--amount", "-1"], "--amount must be"),
    ],
)
def test_what_it_cannot_take_is_said(arguments: list[str], said: str) -> None:
    refused = finished("venue-check", *arguments)
    assert refused.returncode == 2
    assert said in refused.stderr
