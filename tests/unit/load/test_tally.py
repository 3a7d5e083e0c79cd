"""What a load knows of its orders."""

import pytest

from entrypoints.load.tally import EARLY_MOST, Tally
from tests.clock import ManualClock


def a_tally() -> tuple[Tally, ManualClock]:
    clock = ManualClock()
    return Tally(clock.monotonic), clock


async def test_an_order_is_open_until_its_final_frame() -> None:
    tally, clock = a_tally()
    tally.took("a", 0.01)
    await clock.advance(2)
    assert (tally.accepted, tally.finished, list(tally.open)) == (1, 0, ["a"])
    tally.saw_final("a", "confirmed", "")
    assert (tally.finished, dict(tally.endings)) == (1, {("confirmed", ""): 1})
    assert tally.to_final.longest == pytest.approx(2)
    tally.saw_final("a", "confirmed", "")
    assert tally.finished == 1


def test_a_final_frame_may_come_before_its_orders_own_answer() -> None:
    tally, _ = a_tally()
    tally.saw_final("a", "failed", "cancelled")
    tally.took("a", 0.01)
    assert (tally.finished, dict(tally.endings)) == (1, {("failed", "cancelled"): 1})


def test_frames_of_others_orders_take_no_memory() -> None:
    tally, _ = a_tally()
    for number in range(2 * EARLY_MOST):
        tally.saw_final(str(number), "confirmed", "")
    assert len(tally._early) == EARLY_MOST  # noqa: SLF001 - its memory is what this is about
    assert tally.finished == 0


async def test_an_order_that_was_asked_about_took_what_the_engine_says() -> None:
    tally, clock = a_tally()
    tally.took("a", 0.01)
    await clock.advance(60)
    tally.found_final("a", "confirmed", "", 3.5)
    tally.found_final("a", "confirmed", "", 3.5)
    tally.found_final("another's", "confirmed", "", 3.5)
    assert (tally.finished, tally.found_by_asking, tally.to_final.longest) == (1, 1, 3.5)


def test_refusals_are_answers() -> None:
    tally, _ = a_tally()
    tally.refuse("overloaded")
    tally.took("a", 0.01)
    assert (tally.answered, tally.accepted, dict(tally.refused)) == (2, 1, {"overloaded": 1})
