"""Executions on the wire: the same fields with the same digits in JSON and in CSV."""

import csv
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from io import StringIO
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from attrs import field, frozen

from application.frames import timestamp
from application.ports.executions import ExecutionPage
from domain.execution import Execution
from domain.money import plain
from entrypoints.web.http.presenter import list_json, text_or_null

Value = str | int | Decimal | None

# Where people look a transaction up, by the chain; settings may name others.
EXPLORERS: Mapping[str, str] = MappingProxyType(
    {
        "solana": "https://explorer.solana.com/tx/{hash}",
        "solana-devnet": "https://explorer.solana.com/tx/{hash}?cluster=devnet",
    }
)

# A spreadsheet takes a text that begins so for a formula, and runs it; the last four are the wide forms of the first.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_TEXT_MARK = "'"
_EXPLORER_URL = "explorerUrl"

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
    "slot": lambda e: e.fill.landing.slot if e.fill.landing else None,
    "priorityFee": lambda e: e.fill.landing.priority_fee if e.fill.landing else None,
    "finality": lambda e: e.finality,
}


@frozen
class ExecutionPresenter:
    """Writes executions; `explorers` are URLs by chain, with `{hash}` where the transaction's goes."""

    explorers: Mapping[str, str] = field(default=EXPLORERS)

    def json(self, execution: Execution) -> str:
        """Return one execution; what is absent is null."""
        return "{" + ",".join(f'"{name}":{_json_value(value)}' for name, value in self._fields(execution)) + "}"

    def page_json(self, page: ExecutionPage) -> str:
        """Return one page of a list."""
        return list_json(map(self.json, page.executions), page.next_cursor)

    def page_csv(self, page: ExecutionPage) -> str:
        """Return one page as RFC 4180 has it, with a header line; what is absent is empty.

        A text that a spreadsheet would run, or that begins with an apostrophe, has an apostrophe before it: so whoever
        reads a text and takes one leading apostrophe away has what it was.
        """
        text = StringIO()
        writer: Any = csv.writer(text)
        writer.writerow([*_FIELDS, _EXPLORER_URL])
        for execution in page.executions:
            writer.writerow([_cell(value) for _, value in self._fields(execution)])
        return text.getvalue()

    def _fields(self, execution: Execution) -> Iterator[tuple[str, Value]]:
        for name, value in _FIELDS.items():
            yield name, value(execution)
        template = self.explorers.get(execution.chain or "")
        yield _EXPLORER_URL, template and template.replace("{hash}", quote(execution.tx_hash, safe=""))


def _json_value(value: Value) -> str:
    if isinstance(value, int):
        return str(value)
    return plain(value) if isinstance(value, Decimal) else text_or_null(value)


def _cell(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        return plain(value)
    return _TEXT_MARK + value if value.startswith((*_FORMULA, _TEXT_MARK)) else value
