"""openapi-python-client's client: made without a warning, typed to its 400s, and exact with decimals as strings."""

import importlib
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from tests.api import running_api
from tests.generators.conftest import AMOUNT, TOOLS, run

PACKAGE = "generated_client"
CALLS = {"execute_order": "orders", "get_order": "orders", "list_orders": "orders", "list_executions": "orders"}


@pytest.fixture
async def generated(description: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Any]:
    """The client's package, imported anew."""
    tools = TOOLS / "python" / "bin"
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")  # it formats with its own ruff
    await run(
        tools / "openapi-python-client", "generate", "--path", description, "--meta", "none",
        "--output-path", tmp_path / PACKAGE, "--fail-on-warning",
    )  # fmt: skip
    monkeypatch.syspath_prepend(tmp_path)
    yield SimpleNamespace(
        Client=part("client").Client,
        models=part("models"),
        **{name: part(f"api.{tag}.{name}").asyncio for name, tag in CALLS.items()},
    )
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]


def part(name: str) -> ModuleType:
    return importlib.import_module(f"{PACKAGE}.{name}")


async def test_an_orders_digits_survive_and_what_is_refused_is_typed(generated: Any) -> None:
    models = generated.models
    strings = {"Accept": "application/json; decimals=string"}
    async with running_api() as api, generated.Client(api.url, headers=strings) as client:
        asked = models.OrderRequest(input_token="SOL", output_token="USDC", amount=AMOUNT, user_id="anna")
        accepted = await generated.execute_order(client=client, body=asked)
        await api.engine.execute(str(accepted.order_id))
        order = await generated.get_order(accepted.order_id, client=client)
        assert (order.amount, order.status) == (AMOUNT, models.OrderStatus.CONFIRMED)
        assert models.Order.from_dict(order.to_dict()) == order
        assert all(isinstance(value, str) for quote in order.quotes for value in (quote.price, quote.fee))
        listed = await generated.list_orders(client=client, user_id="anna", status=list(models.OrderStatus))
        assert listed.data == [order]
        [execution] = (await generated.list_executions(client=client, user_id="anna")).data
        assert execution.amount_in == AMOUNT
        assert await of_refusals(generated, client, asked) == ["limit", "outputToken"]


async def of_refusals(generated: Any, client: Any, asked: Any) -> list[str]:
    """Have two calls refused; return the fields that their typed answers name."""
    asked.input_token = asked.output_token
    refusals = [
        await generated.list_orders(client=client, limit=0),
        await generated.execute_order(client=client, body=asked),
    ]
    assert all(isinstance(refusal, generated.models.ValidationProblem) for refusal in refusals)
    return [refusal.errors[0].field for refusal in refusals]
