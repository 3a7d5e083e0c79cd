"""What commands print."""

import json

import pytest
from rich.table import Table

from entrypoints.cli.output import complain, say, say_json, show


def test_a_text_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    text = "/srv/a[/b] :x: [red]"
    table = Table(box=None, show_header=False)
    table.add_row(text)
    say(text)
    show(table)
    complain(text)
    printed = capsys.readouterr()
    assert [line.strip() for line in printed.out.splitlines()] == [text, text]
    assert printed.err == f"{text}\n"


def test_nothing_that_is_said_reaches_the_terminals_controls(capsys: pytest.CaptureFixture[str]) -> None:
    text = "Trading is halted: \x1b]0;owned\x07 by \x9b2J.\nThe database went back."
    say(text)
    complain(text)
    for printed in capsys.readouterr():
        assert len(printed.splitlines()) == 2
        assert printed.replace("\n", "").isprintable()


def test_an_answer_to_a_script_shows_nothing_otherwise_than_it_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    value = {"userId": "a\u202eb\u2028c\x9bd\U000e0041é", "why": "two\nlines"}
    say_json(value)
    [line] = capsys.readouterr().out.splitlines()
    assert line.isprintable()
    assert "é" in line
    assert json.loads(line) == value
