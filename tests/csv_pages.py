"""A page of executions in CSV, read back to what the JSON of it has."""

import csv
import io
from decimal import Decimal
from typing import Any

NUMBERS = {
    *("amountIn", "amountOut", "venueFee", "networkFee", "quotedPrice", "price", "priceImpact"),
    *("slot", "priorityFee"),
}


def of_csv(text: str) -> list[dict[str, Any]]:
    """Return the page's executions."""
    return [{name: _value(name, cell) for name, cell in row.items()} for row in csv.DictReader(io.StringIO(text))]


def _value(name: str, cell: str) -> object:
    if not cell:
        return None
    return Decimal(cell) if name in NUMBERS else cell.removeprefix("'")
