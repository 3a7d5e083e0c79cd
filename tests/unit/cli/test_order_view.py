"""One order on the screen."""

import json

import pytest
from attrs import evolve

from domain.execution import Execution
from domain.transaction import Finality
from entrypoints.cli.order_view import print_order
from entrypoints.web.http.execution_presenter import ExecutionPresenter
from entrypoints.web.http.presenter import order_json
from tests.builders import a_chain_fill, a_stamp, an_order, submitted


def test_quotes_are_shown_with_why_one_was_taken(capsys: pytest.CaptureFixture[str]) -> None:
    print_order(json.loads(order_json(submitted(an_order()))), [], {}, asked="a test")
    shown = capsys.readouterr().out
    assert [cells(line) for line in shown.splitlines() if "Meteora" in line] == [
        ["Meteora", "146.91", "0.002", "146.61618", "yes"]
    ]
    assert "taken by lowest_price, which compares price" in shown


def test_an_engine_that_does_not_say_why_is_shown_all_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads(order_json(evolve(submitted(an_order()), routing=None)))
    del document["routing"], document["quotes"][0]["netPrice"], document["quotes"][1]["netPrice"]
    print_order(document, [], {}, asked="a test")
    shown = capsys.readouterr().out
    assert "146.91" in shown
    assert "taken by" not in shown


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("│").split("│")]


def test_a_swap_on_a_chain_is_shown_with_its_amounts_and_where_to_see_it(capsys: pytest.CaptureFixture[str]) -> None:
    order, event = submitted(an_order()).confirm(a_stamp(), a_chain_fill())
    execution = Execution.of(order, event)
    assert execution
    document = json.loads(order_json(order, ExecutionPresenter().json(execution)))
    print_order(document, [], {}, asked="a test")
    shown = capsys.readouterr().out
    for text in ("10 SOL", "1470.123456 USDC", "solana, slot 250000000, confirmed", "0.000105 SOL"):
        assert text in shown
    assert f"https://explorer.solana.com/tx/{order.tx_hash}" in shown


def test_a_swap_that_its_chain_undid_gave_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    order, event = submitted(an_order()).confirm(a_stamp(), a_chain_fill())
    execution = Execution.of(order, event)
    assert execution
    undone = ExecutionPresenter().json(evolve(execution, finality=Finality.UNDONE))
    print_order(json.loads(order_json(order, undone)), [], {}, asked="a test")
    shown = capsys.readouterr().out
    assert "1470.123456 USDC" not in shown
    assert [line.split("│")[2].strip() for line in shown.splitlines() if "nothing" in line] == ["nothing", "nothing"]
