"""What the checker will do follows from its seed alone."""

import pytest

from tests.chaos.plan import Kind, plan


def test_a_seed_has_one_plan() -> None:
    assert plan(7, 60) == plan(7, 60)
    assert plan(7, 60) != plan(8, 60)


def test_a_longer_run_takes_the_same_plan_further() -> None:
    short = plan(7, 60)
    assert plan(7, 120)[: len(short)] == short


@pytest.mark.parametrize("seed", range(1, 20))
def test_a_minute_has_room_for_every_kind_of_harm(seed: int) -> None:
    assert {deed.kind for deed in plan(seed, 60)} == set(Kind)
