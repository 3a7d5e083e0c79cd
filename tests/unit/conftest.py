"""Fixtures of unit tests."""

import asyncio
import logging
from collections.abc import Callable, Iterator

import pytest
import uvloop

from application.observe.log import Log
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


@pytest.fixture
def logging_restored() -> Iterator[None]:
    """Leave logging as it was, whatever a test configures."""
    root, ours = logging.getLogger(), logging.getLogger("order_engine")
    handlers, levels, plain = list(root.handlers), (root.level, ours.level), Log.plain
    root.handlers.clear()  # `configure` closes what it replaces
    yield
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    ours.setLevel(levels[1])
    Log.plain = plain
