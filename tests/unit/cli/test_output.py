"""What commands print."""

import pytest
from rich.table import Table

from entrypoints.cli.output import complain, say, show


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
