"""Lists of orders on the screen."""

import json
from datetime import UTC, datetime

import pytest

from entrypoints.cli.order_list import print_table
from entrypoints.web.http.presenter import order_json
from tests.builders import an_order


def test_tokens_have_their_symbols_and_what_is_not_listed_stays(capsys: pytest.CaptureFixture[str]) -> None:
    page = {"data": [json.loads(order_json(an_order(inputToken="So1111", outputToken="JUPyiw")))]}
    print_table([page], lambda: datetime.now(UTC), lambda: {"So1111": "SOL"})
    assert "10 SOL to JUPyiw" in capsys.readouterr().out


def test_an_empty_list_asks_for_no_symbols(capsys: pytest.CaptureFixture[str]) -> None:
    print_table([{"data": []}], lambda: datetime.now(UTC), lambda: pytest.fail("asked"))
    assert capsys.readouterr().out == "There are no such orders.\n"
