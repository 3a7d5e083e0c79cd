"""One order on the screen: what was asked for, the venues' quotes, its events."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from entrypoints.cli.client import Document
from entrypoints.cli.output import cell, show, swap_of
from entrypoints.cli.timeline_view import FINAL_STYLES, STYLES


def print_order(order: Document, events: Sequence[Document], more: Mapping[str, object], *, asked: str) -> None:
    """Print tables of all that is known; `more` are rows beside the API's, `asked` is who answered."""
    order_id, source = cell(order["orderId"]).plain, cell(f"told by {asked}", "dim")
    facts = Table("order", order_id, caption=source, caption_justify="left")
    for name, value in {**_facts(order), **more}.items():
        facts.add_row(name, cell(value, _style(value) if name == "status" else ""))
    show(facts)
    if order["quotes"]:
        show(_quotes(order["quotes"], order.get("routing")))
    story = Table("seq", "time", "status", "attempt", "message")
    for event in events:
        story.add_row(*(cell(event[name]) for name in ("seq", "timestamp", "status", "attempt", "message")))
    show(story)


def _facts(order: Document) -> dict[str, object]:
    reason = order["reasonCode"]
    facts: dict[str, Any] = {
        "status": f"{order['status']} ({reason})" if reason else order["status"],
        "asked for": f"{swap_of(order)}, by {order['userId']}",
        "attempt": order["attempt"],
        "created": order["createdAt"],
        "last moved": order["updatedAt"],
    }
    optional = {
        "slippage limit": None if order["slippageBps"] is None else f"{order['slippageBps']} bps",
        "client order id": order["clientOrderId"],
        "executed at": order["executionPrice"],
        "transaction": order["txHash"],
    }
    if landed := order.get("execution"):
        undone = landed["finality"] == "undone"
        optional |= {
            "gave": "nothing" if undone else f"{landed['amountIn']} {order['inputToken']}",
            "received": "nothing" if undone else f"{landed['amountOut']} {order['outputToken']}",
            "on chain": f"{landed['chain']}, slot {landed['slot']}, {landed['finality']}",
            "network fee": landed["networkFee"] and f"{landed['networkFee']} {landed['networkFeeAsset']}",
            "see": landed["explorerUrl"],
        }
    return facts | {name: value for name, value in optional.items() if value is not None}


def _quotes(quotes: Sequence[Document], routing: Document | None) -> Table:
    why = cell(f"taken by {routing['policy']}, which compares {routing['compared']}", "dim") if routing else None
    table = Table("venue", "price", "fee", "netPrice", "chosen", caption=why, caption_justify="left")
    for quote in quotes:
        row = (cell(quote.get(name)) for name in ("dex", "price", "fee", "netPrice"))
        table.add_row(*row, "yes" if quote["chosen"] else "")
    return table


def _style(status: object) -> str:
    return {**STYLES, **FINAL_STYLES}.get(str(status).partition(" ")[0], "")
