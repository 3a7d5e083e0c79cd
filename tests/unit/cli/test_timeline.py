"""A timeline's steps, and how it is drawn and written."""

import re
from io import StringIO

import pytest
from rich.console import Console

from entrypoints.cli.timeline import Timeline, duration
from entrypoints.cli.timeline_view import Drawn, Lines
from order_engine_client import Back, Frame, Lost
from tests.clock import ManualClock
from tests.unit.cli.frames import birth, clean_run, frame


def timeline_of(*frames: Frame, clock: ManualClock | None = None) -> Timeline:
    timeline = Timeline((clock or ManualClock()).monotonic)
    for each in frames:
        timeline.add(each)
    return timeline


async def test_each_step_lasts_until_the_next_and_the_last_one_until_now() -> None:
    clock = ManualClock()
    timeline = timeline_of(*clean_run()[:4], clock=clock)
    await clock.advance(0.25)
    steps = list(timeline.steps())
    assert [step.at for step in steps] == pytest.approx([0, 0.02, 0.22, 0.221])
    assert [step.took for step in steps] == pytest.approx([0.02, 0.2, 0.001, 0.25])
    assert [step.current for step in steps] == [False, False, False, True]
    assert timeline.outcome() is None


def test_a_final_step_ends_it() -> None:
    timeline = timeline_of(*clean_run())
    last = list(timeline.steps())[-1]
    assert (last.current, last.took) == (False, 0)
    assert timeline.outcome() == "Confirmed after 3.10 s: price 147.25 on Meteora, tx_1_mock"


def test_a_failed_order_tells_why() -> None:
    failed = frame(1, "failed", "Order cancelled", 0.5, reasonCode="cancelled")
    assert timeline_of(birth(), failed).outcome() == "Failed after 500 ms: Order cancelled (cancelled)"


def test_clocks_of_two_processes_make_no_negative_times() -> None:
    timeline = timeline_of(birth(), frame(1, "routing", "x", -0.003), frame(2, "routing", "y", -0.001))
    assert [(step.at, step.took >= 0) for step in timeline.steps()] == [(0, True)] * 3


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 ms"),
        (0.0214, "21 ms"),
        (0.9996, "1.00 s"),
        (3.104, "3.10 s"),
        (99.6, "1 min 40 s"),
        (3600, "60 min 00 s"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.fixture
def drawn() -> Drawn:
    return Drawn(Console(file=StringIO(), force_terminal=True, width=100, color_system=None))


def picture(drawn: Drawn) -> str:
    console = Console(file=StringIO(), width=100)
    console.print(drawn)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    return re.sub(r" +\n", "\n", text)


def test_the_picture_of_an_order_in_progress(drawn: Drawn) -> None:
    for each in clean_run()[:5]:
        drawn.show(each)
    lines = picture(drawn).splitlines()
    assert lines[0] == "10 SOL to USDC for anna   3e3a0448-1281-4b82-acd0-f52d43225b7b"
    assert re.fullmatch(r"✓ +\+220 ms +routing +Best route: Meteora  by lowest_price +1 ms", lines[3])
    assert re.fullmatch(r"[⠁-⣿] +\+721 ms +submitted +Transaction submitted to network\.\.\. +\d+ ms", lines[5])
    drawn.end()


def test_the_picture_of_an_order_that_ended(drawn: Drawn) -> None:
    for each in clean_run():
        drawn.show(each)
    drawn.end()
    lines = picture(drawn).splitlines()
    assert re.fullmatch(r"✓ +\+3\.10 s +confirmed +Swap executed successfully  at 147\.25", lines[6])
    assert lines[-1] == "Confirmed after 3.10 s: price 147.25 on Meteora, tx_1_mock"


def test_the_picture_tells_of_a_lost_connection_and_of_its_return(drawn: Drawn) -> None:
    drawn.show(birth())
    drawn.show(Lost("the server restarts, 1012", 0))
    assert "Connection lost (the server restarts, 1012): connecting again after step 0 (afterSeq=0)" in picture(drawn)
    drawn.show(Lost("it cannot be opened", 0))
    drawn.show(Back())
    assert "connecting again" not in picture(drawn)
    assert "was lost once and is back" in picture(drawn)
    drawn.end()


def test_a_second_attempt_is_told(drawn: Drawn) -> None:
    drawn.show(frame(5, "routing", "Attempt 1 of 3 failed: Slippage tolerance exceeded. Retrying in 1 s", 3))
    drawn.show(frame(6, "routing", "Fetching quotes from Raydium & Meteora...", 4, attempt=2))
    assert "Fetching quotes from Raydium & Meteora...  attempt 2" in picture(drawn)
    drawn.end()


def test_on_a_pipe_it_is_a_line_a_step_and_nothing_reaches_the_terminals_controls(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = Lines()
    for each in clean_run()[:-1]:
        lines.show(each)
    lines.show(Lost("it broke off, 1006", 4))
    lines.show(Back())
    lines.show(frame(5, "failed", "bad\x1b[31m [red]news", 3, reasonCode="internal_error"))
    out, err = capsys.readouterr()
    assert out.splitlines()[0].startswith("10 SOL to USDC for anna")
    assert "+220 ms  routing    Best route: Meteora  by lowest_price" in out
    assert out.splitlines()[-1] == "Failed after 3.00 s: bad\N{REPLACEMENT CHARACTER}[31m [red]news (internal_error)"
    assert "afterSeq=4" in err
    assert "Connected again." in err


def test_tokens_have_their_symbols(capsys: pytest.CaptureFixture[str]) -> None:
    Lines({"SOL": "Solana"}).show(birth())
    assert capsys.readouterr().out.startswith("10 Solana to USDC for anna")
