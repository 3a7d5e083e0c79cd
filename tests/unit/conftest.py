"""Fixtures of unit tests."""

import asyncio
from collections.abc import Callable

import pytest
import uvloop

from tests.unit.scenarios import Scenario

SECONDS = 40.0


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Callable[[Scenario], None]:
    """Run a scenario in one of the event loops, for SECONDS at most, or the test module's SCENARIO_SECONDS."""
    seconds = getattr(request.module, "SCENARIO_SECONDS", SECONDS)

    def run(scenario: Scenario) -> None:
        with asyncio.Runner(loop_factory=request.param) as runner:
            runner.run(asyncio.wait_for(scenario(), seconds))

    return run
