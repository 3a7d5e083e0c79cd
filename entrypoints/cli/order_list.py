"""Lists of orders on the screen, page by page: however long the list, one page is kept."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Literal

import typer
from rich.table import Table
from rich.text import Text

from entrypoints.cli.client import Document, EngineClient
from entrypoints.cli.output import cell, console, in_symbols, json_text, say, show, swap_of
from entrypoints.cli.timeline_view import FINAL_STYLES, STYLES
from order_engine_client import Order, Page

_WIDTHS = {"order": 36, "status": 9, "swap": 22, "venue": 9, "price": 12, "age": 6, "user": 16}
_BY_IMPORTANCE = ("order", "status", "swap", "age", "price", "venue", "user")


def print_json(pages: Iterable[Page[Order]]) -> None:
    """Print one document of all pages, as the API would say it."""
    beginning = '{"data":['  # not before the first page is there: no engine may answer
    for text in _joined(pages):
        typer.echo(beginning + text, nl=False)
        beginning = ""


def print_table(pages: Iterable[Page[Order]], client: EngineClient) -> None:
    """Print a table of all pages; they look like one since the columns keep their widths. Ages are by its clock."""
    empty, known = True, None
    for page in pages:
        if page.data:
            now = client.server_time or datetime.now(UTC)
            known = client.symbols() if known is None else known
            show(_table([in_symbols(order.raw, known) for order in page.data], now, first=empty))
            empty = False
    if empty:
        say("There are no such orders.")


def _joined(pages: Iterable[Page[Order]]) -> Iterator[str]:
    separator, cursor = "", None
    for page in pages:
        for order in page.data:
            yield separator + json_text(order.raw)
            separator = ","
        cursor = page.next_cursor
    yield f'],"nextCursor":{json_text(cursor)}}}\n'


def _table(orders: list[Document], now: datetime, *, first: bool) -> Table:
    """Return a table of as many columns as there is room for: an id is never cut."""
    columns = _columns(console().width)
    table = Table(box=None, show_header=first, header_style="bold", padding=(0, 1, 0, 0))
    for name in columns:
        justify: Literal["left", "right"] = "right" if name in ("price", "age") else "left"
        width = None if name == "user" else _WIDTHS[name]  # the last one may be as long as it likes
        table.add_column(name, width=width, no_wrap=True, justify=justify)
    for order in orders:
        cells = _cells(order, now)
        table.add_row(*(cells[name] for name in columns))
    return table


def _columns(width: int) -> list[str]:
    chosen: list[str] = []
    for name in _BY_IMPORTANCE:
        if sum(_WIDTHS[each] + 1 for each in (*chosen, name)) > width:
            break
        chosen.append(name)
    return [name for name in _WIDTHS if name in chosen]


def _cells(order: Document, now: datetime) -> dict[str, Text]:
    status = order["status"]
    return {
        "order": cell(order["orderId"]),
        "status": cell(status, {**STYLES, **FINAL_STYLES}.get(status, "")),
        "swap": cell(swap_of(order)),
        "venue": cell(order["chosenDex"]),
        "price": cell(order["executionPrice"]),
        "age": cell(_age(order["createdAt"], now)),
        "user": cell(order["userId"]),
    }


def _age(created: str, now: datetime) -> str:
    seconds = (now - datetime.fromisoformat(created)).total_seconds()
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"
