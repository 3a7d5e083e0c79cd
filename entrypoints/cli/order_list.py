"""Lists of orders on the screen, page by page: however long the list, one page is kept."""

import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import typer
from rich.table import Table

from entrypoints.cli.client import Document
from entrypoints.cli.output import cell, json_text, say, show
from entrypoints.cli.timeline_view import FINAL_STYLES, STYLES

_COLUMNS = (("order", 36), ("status", 9), ("sells", 14), ("for", 8), ("venue", 9), ("price", 12), ("age", 6))


def print_json(pages: Iterable[Document]) -> None:
    """Print one document of all pages, as the API would say it."""
    typer.echo('{"data":[', nl=False)
    for text in _joined(pages):
        typer.echo(text, nl=False)


def print_table(pages: Iterable[Document]) -> None:
    """Print a table of all pages; they look like one since the columns keep their widths."""
    empty = True
    for page in pages:
        if page["data"]:
            show(_table(page["data"], first=empty))
            empty = False
    if empty:
        say("There are no such orders.")


def _joined(pages: Iterable[Document]) -> Iterator[str]:
    separator, cursor = "", None
    for page in pages:
        for order in page["data"]:
            yield separator + json_text(order)
            separator = ","
        cursor = page.get("nextCursor")
    yield f'],"nextCursor":{json_text(cursor)}}}\n'


def _table(orders: list[Document], *, first: bool) -> Table:
    table = Table(box=None, show_header=first, header_style="bold", padding=(0, 1, 0, 0))
    for name, width in _COLUMNS:
        table.add_column(name, width=width, no_wrap=True, justify="right" if name in ("price", "age") else "left")
    table.add_column("user", no_wrap=True, overflow="ellipsis" if sys.stdout.isatty() else "ignore")
    for order in orders:
        status = order["status"]
        table.add_row(
            cell(order["orderId"]),
            cell(status, {**STYLES, **FINAL_STYLES}.get(status, "")),
            cell(f"{order['amount']} {order['inputToken']}"),
            cell(order["outputToken"]),
            cell(order["chosenDex"]),
            cell(order["executionPrice"]),
            cell(_age(order["createdAt"])),
            cell(order["userId"]),
        )
    return table


def _age(created: str) -> str:
    seconds = (datetime.now(UTC) - datetime.fromisoformat(created)).total_seconds()
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"
