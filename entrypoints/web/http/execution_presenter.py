"""Executions on the wire: the same fields with the same digits in JSON and in CSV."""

import csv
from collections.abc import Callable
from decimal import Decimal
from io import StringIO
from typing import Any

from application.frames import timestamp
from application.ports.executions import ExecutionPage
from domain.execution import Execution
from domain.money import plain
from entrypoints.web.http.presenter import list_json, text_or_null

Value = str | Decimal | None

# A spreadsheet takes a text that begins so for a formula, and runs it; the last four are the wide forms of the first.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_TEXT_MARK = "'"

_FIELDS: dict[str, Callable[[Execution], Value]] = {
    "orderId": lambda e: e.order_id,
    "userId": lambda e: e.user_id,
    "inputToken": lambda e: e.input_token,
    "outputToken": lambda e: e.output_token,
    "venue": lambda e: e.venue,
    "chain": lambda e: e.chain,
    "txHash": lambda e: e.tx_hash,
    "amountIn": lambda e: e.fill.amount_in,
    "amountOut": lambda e: e.fill.amount_out,
    "venueFee": lambda e: e.fill.venue_fee,
    "networkFee": lambda e: e.fill.network_fee.amount if e.fill.network_fee else None,
    "networkFeeAsset": lambda e: e.fill.network_fee.asset if e.fill.network_fee else None,
    "quotedPrice": lambda e: e.quoted_price,
    "price": lambda e: e.fill.price,
    "priceImpact": lambda e: e.price_impact,
    "executedAt": lambda e: timestamp(e.at),
}


def page_json(page: ExecutionPage) -> str:
    """Return one page of a list; what is absent is null."""
    return list_json(map(_json, page.executions), page.next_cursor)


def page_csv(page: ExecutionPage) -> str:
    """Return one page as RFC 4180 has it, with a header line; what is absent is empty.

    A text that a spreadsheet would run, or that begins with an apostrophe, has an apostrophe before it: so whoever
    reads a text and takes one leading apostrophe away has what it was.
    """
    text = StringIO()
    writer: Any = csv.writer(text)
    writer.writerow(_FIELDS)
    for execution in page.executions:
        writer.writerow([_cell(field(execution)) for field in _FIELDS.values()])
    return text.getvalue()


def _json(execution: Execution) -> str:
    return "{" + ",".join(f'"{name}":{_json_value(field(execution))}' for name, field in _FIELDS.items()) + "}"


def _json_value(value: Value) -> str:
    return plain(value) if isinstance(value, Decimal) else text_or_null(value)


def _cell(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return plain(value)
    return _TEXT_MARK + value if value.startswith((*_FORMULA, _TEXT_MARK)) else value
