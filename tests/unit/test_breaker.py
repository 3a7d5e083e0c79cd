"""The breaker in front of a queue that cannot be reached."""

import pytest

from adapters.redis.breaker import Breaker
from application.ports.errors import QueueUnavailable
from tests.clock import ManualClock


async def test_it_lets_all_through_until_a_failure() -> None:
    breaker = Breaker(1.0, ManualClock().monotonic)
    for _ in range(3):
        breaker.check()
    breaker.failed()
    with pytest.raises(QueueUnavailable):
        breaker.check()


async def test_after_the_cool_off_one_may_try_and_then_nobody_for_as_long() -> None:
    clock = ManualClock()
    breaker = Breaker(1.0, clock.monotonic)
    breaker.failed()
    for _ in range(2):
        await clock.advance(1.0)
        breaker.check()
        with pytest.raises(QueueUnavailable):
            breaker.check()


async def test_a_success_lets_all_through_again() -> None:
    clock = ManualClock()
    breaker = Breaker(1.0, clock.monotonic)
    breaker.failed()
    await clock.advance(1.0)
    breaker.check()
    breaker.succeeded()
    for _ in range(3):
        breaker.check()
