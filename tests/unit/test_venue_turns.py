"""Calls to a venue take turns to start, so that a burst of orders does not make every call late."""

import asyncio
import ssl
from contextlib import AsyncExitStack

import pytest

from adapters.http_venue.connections import STARTS_AT_ONCE, Connections
from tests.eventually import eventually

LONG = 60.0


@pytest.fixture
def connections() -> Connections:
    return Connections("http://venue.test", 500, ssl.create_default_context(), 2.0)


async def started(connections: Connections, turns: AsyncExitStack, many: int, seconds: float) -> int:
    """Start so many calls if they have a turn by now; return how many had."""
    for number in range(many):
        try:
            async with asyncio.timeout(0.01):
                await turns.enter_async_context(connections.turn(seconds))
        except TimeoutError:
            return number
    return many


async def test_a_call_beyond_the_turns_starts_when_another_ends(connections: Connections) -> None:
    async with AsyncExitStack() as others, AsyncExitStack() as turns:
        assert await started(connections, turns, 1, LONG) == 1
        assert await started(connections, others, STARTS_AT_ONCE, LONG) == STARTS_AT_ONCE - 1
        await turns.aclose()
        assert await started(connections, others, 2, LONG) == 1


async def test_a_venue_that_hangs_does_not_keep_the_turns(connections: Connections) -> None:
    async with AsyncExitStack() as hanging, AsyncExitStack() as others:
        assert await started(connections, hanging, STARTS_AT_ONCE, 0.05) == STARTS_AT_ONCE
        await eventually(lambda: started(connections, others, 1, LONG))
        await hanging.aclose()
        assert await started(connections, others, STARTS_AT_ONCE, LONG) == STARTS_AT_ONCE - 1
