"""Lists of orders on the screen."""

import json

import httpx
import pytest

from entrypoints.cli.order_list import print_table
from entrypoints.web.http.presenter import order_json
from tests.builders import an_order
from tests.unit.cli.test_client import client_of


def test_tokens_have_their_symbols_and_what_is_not_listed_stays(capsys: pytest.CaptureFixture[str]) -> None:
    listed = {"chain": "solana", "address": "So1111", "symbol": "SOL", "decimals": 9, "tokenProgram": None}
    order = json.loads(order_json(an_order(inputToken="So1111", outputToken="JUPyiw")))
    client, _ = client_of(
        httpx.Response(200, json={"data": [order], "nextCursor": None}), httpx.Response(200, json={"data": [listed]})
    )
    print_table(client.order_pages(), client)
    assert "10 SOL to JUPyiw" in capsys.readouterr().out


def test_an_empty_list_asks_for_no_symbols(capsys: pytest.CaptureFixture[str]) -> None:
    client, asked = client_of(httpx.Response(200, json={"data": [], "nextCursor": None}))
    print_table(client.order_pages(), client)
    assert len(asked) == 1
    assert capsys.readouterr().out == "There are no such orders.\n"
