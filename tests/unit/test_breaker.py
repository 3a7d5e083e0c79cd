"""The breaker in front of a server that cannot be reached."""

from application.breaker import Breaker
from tests.clock import ManualClock


async def test_it_lets_all_through_until_a_failure() -> None:
    breaker = Breaker(1.0, ManualClock().monotonic)
    assert all(breaker.lets_through() for _ in range(3))
    assert breaker.failed()
    assert not breaker.failed()
    assert not breaker.closed
    assert not breaker.lets_through()


async def test_after_the_cool_off_one_may_try_and_then_nobody_for_as_long() -> None:
    clock = ManualClock()
    breaker = Breaker(1.0, clock.monotonic)
    breaker.failed()
    for _ in range(2):
        await clock.advance(1.0)
        assert breaker.lets_through()
        assert not breaker.lets_through()


async def test_a_success_lets_all_through_again() -> None:
    clock = ManualClock()
    breaker = Breaker(1.0, clock.monotonic)
    breaker.failed()
    await clock.advance(1.0)
    assert breaker.lets_through()
    assert breaker.succeeded()
    assert not breaker.succeeded()
    assert all(breaker.lets_through() for _ in range(3))
