"""The simulator's faults: a pure function of seed and call."""

from collections import Counter

import pytest

from simulators.venue.faults import REMEMBERED, Call, Fault, Faults, Harm, Spoilt

ALL = tuple(Fault)


def drawn(faults: Faults, call: Call, calls: int = 2000) -> list[Spoilt | None]:
    return [faults.next(call, f"key-{number}") for number in range(calls)]


@pytest.mark.parametrize("call", Call)
def test_the_same_seed_spoils_the_same_calls_and_another_seed_others(call: Call) -> None:
    assert drawn(Faults(7, 0.2, ALL), call) == drawn(Faults(7, 0.2, ALL), call)
    assert drawn(Faults(7, 0.2, ALL), call) != drawn(Faults(8, 0.2, ALL), call)


@pytest.mark.parametrize("call", Call)
def test_the_rate_is_the_share_of_spoiled_calls(call: Call) -> None:
    spoiled = [fault for fault in drawn(Faults(0, 0.2, ALL), call) if fault]
    assert 0.17 < len(spoiled) / 2000 < 0.23
    assert drawn(Faults(0, 0.0, ALL), call) == [None] * 2000


def test_every_kind_of_fault_comes_to_submissions_and_a_rejection_is_the_transactions_own() -> None:
    faults = Faults(0, 1.0, ALL)
    assert set(drawn(faults, Call.SUBMIT)) == set(Fault) - {Fault.REJECTION}
    rejected = Counter(faults.rejects(f"tx-{number}") for number in range(2000))
    assert 0.1 < rejected[True] / 2000 < 0.15
    assert all(faults.rejects("tx-1") == faults.rejects("tx-1") for _ in range(5))


@pytest.mark.parametrize("call", [Call.QUOTE, Call.BUILD, Call.LOOKUP])
def test_questions_are_never_answered_wrongly(call: Call) -> None:
    kinds = set(drawn(Faults(0, 1.0, ALL), call))
    assert kinds == {Fault.SLOW, Fault.ERROR_BEFORE, Fault.TIMEOUT_BEFORE, Fault.LOST_REPLY}


def test_only_the_chosen_kinds_come() -> None:
    faults = Faults(0, 1.0, ("lost_reply",))
    assert set(drawn(faults, Call.SUBMIT)) == {Fault.LOST_REPLY}
    assert not faults.rejects("tx")
    assert set(drawn(Faults(0, 1.0, ("duplicate",)), Call.QUOTE)) == {None}


def test_a_call_made_again_has_another_chance() -> None:
    faults = Faults(0, 0.5, ALL)
    assert {bool(faults.next(Call.SUBMIT, "tx")) for _ in range(20)} == {True, False}


def test_it_remembers_a_bounded_number_of_calls() -> None:
    faults, fresh = Faults(0, 0.5, ALL), Faults(0, 0.5, ALL)
    faults.next(Call.SUBMIT, "first")
    for number in range(REMEMBERED):
        faults.next(Call.SUBMIT, str(number))
    assert faults.next(Call.SUBMIT, "first") == fresh.next(Call.SUBMIT, "first")


@pytest.mark.parametrize("call", Call)
def test_no_answer_means_harm_unless_that_is_chosen(call: Call) -> None:
    assert not set(drawn(Faults(0, 1.0, ALL), call)) & set(Harm)
    chosen = set(drawn(Faults(0, 1.0, tuple(Harm)), call))
    assert {Harm.PACKED, Harm.FLOOD} <= chosen <= set(Harm)
