"""What is told of a load, and how the command ends."""

import json

import pytest

from entrypoints.cli.ending import DONE, INTERRUPTED, NOT_IN_TIME, REFUSED
from entrypoints.cli.output import json_text
from entrypoints.load import report
from entrypoints.load.posting import Plan
from entrypoints.load.run import Outcome
from entrypoints.load.tally import Tally


def outcome(
    *,
    accepted: int = 3,
    finished: int = 3,
    refused: int = 0,
    interrupted: bool = False,
    cpu_share: float = 0.2,
    rate: float | None = None,
) -> Outcome:
    tally = Tally(lambda: 0.0)
    for number in range(accepted):
        tally.took(f"order-{number}", 0.004)
    for number in range(finished):
        tally.saw_final(f"order-{number}", "confirmed", "")
    for _ in range(refused):
        tally.refuse("overloaded")
    plan = Plan("http://x", "u", accepted + refused, 1, rate)
    return Outcome(plan, tally, 1.0, 4.0, cpu_share, True, interrupted)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (outcome(), DONE),
        (outcome(refused=1), REFUSED),
        (outcome(finished=2, refused=1), NOT_IN_TIME),
        (outcome(finished=2, interrupted=True), INTERRUPTED),
    ],
)
def test_exit_codes(given: Outcome, code: int) -> None:
    assert report.exit_code(given) == code


def test_the_document_is_json_even_when_nothing_was_accepted() -> None:
    nothing = json.loads(json_text(report.document(outcome(accepted=0, finished=0, refused=2))))
    assert (nothing["acceptMs"], nothing["acceptToFinalMs"], nothing["refused"]) == (None, None, {"overloaded": 2})
    some = json.loads(json_text(report.document(outcome(finished=2))))
    assert some["endings"] == [{"status": "confirmed", "reasonCode": None, "count": 2}]
    assert (some["unfinished"], some["unfinishedCount"]) == (["order-2"], 1)
    assert some["acceptMs"]["p50"] == pytest.approx(4, rel=0.005)


def told(given: Outcome, capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    report.print_tables(given)
    out, err = capsys.readouterr()
    return out, err


def test_the_tables(capsys: pytest.CaptureFixture[str]) -> None:
    out, err = told(outcome(refused=1), capsys)
    assert "accept to final" in out
    assert "4.0 ms" in out
    assert "3 of 4 orders accepted in 1.00 s: 3 orders/s" in out
    assert "3 finished in 4.00 s: 1 orders/s" in out
    assert "overloaded" in out
    assert err == ""


def test_what_there_is_to_remark(capsys: pytest.CaptureFixture[str]) -> None:
    assert "This client was the limit: posting took 97% of a core" in told(outcome(cpu_share=0.97), capsys)[1]
    assert "Only 3 of 100 orders/s were reached" in told(outcome(rate=100), capsys)[1]
    late = told(outcome(finished=1), capsys)[1]
    assert "2 accepted orders did not finish in time:\n  order-1\n  order-2" in late
    assert "Ctrl-C: accepted orders go on" in told(outcome(finished=1, interrupted=True), capsys)[1]
