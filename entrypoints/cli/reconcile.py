"""`order-engine reconcile`: what the venues swapped, beside what the orders know."""

from typing import TYPE_CHECKING

from entrypoints.cli.ending import DIFFERENCES
from entrypoints.cli.operating import on_orders
from entrypoints.cli.options import AsJson, Since, instant
from entrypoints.cli.output import cell, complain, say, say_json, show

if TYPE_CHECKING:
    from datetime import datetime

    from application.caller import Caller
    from application.reconcile import Comparison, Finding
    from entrypoints.container import Container

_WORDS = {
    "unknown_order": "no such order here",
    "not_executed": "the order does not know of it",
    "other_swap": "the order has another: two landed",
    "not_at_venue": "its venue does not know it",
}


def reconcile(since: Since = None, as_json: AsJson = False) -> None:
    """List landed swaps that the orders do not know, and the reverse. Changes nothing; exits with 6 for any."""
    begin = instant(since)
    found = on_orders(lambda container, caller: _compared(container, caller, begin))
    if as_json:
        say_json(_facts(found))
    else:
        _print(found)
    if found.findings:
        raise SystemExit(DIFFERENCES)


async def _compared(container: "Container", caller: "Caller", since: "datetime | None") -> "Comparison":
    from application.resume_trading import LOST_AT_MOST

    if since is None:
        halt = await container.operate_trading().state(caller)
        since = (halt.since if halt else container.clock().now()) - LOST_AT_MOST
    return await container.reconcile()(caller, since)


def _print(found: "Comparison") -> None:
    from rich.table import Table

    from application.frames import timestamp

    for venue, why in found.not_comparable.items():
        complain(f"{venue} cannot be compared: it {why}. Look there by hand.")
    if found.findings:
        table = Table("what", "order", "status", "attempt", "venue", "transaction", "in", "out", "at")
        for one in found.findings:
            what = _WORDS[one.difference]
            numbers = (one.amount_in, one.amount_out)
            values = (what, one.order_id, one.status, one.attempt, one.venue, one.tx_hash, *numbers, timestamp(one.at))
            table.add_row(*map(cell, values))
        show(table)
    places = ", ".join(found.compared) or "no venue"
    say(f"{len(found.findings)} differences, {found.swaps} swaps landed at {places} since {timestamp(found.since)}.")


def _facts(found: "Comparison") -> dict[str, object]:
    from application.frames import timestamp

    return {
        "since": timestamp(found.since),
        "compared": found.compared,
        "notComparable": found.not_comparable,
        "swaps": found.swaps,
        "findings": [_finding(one) for one in found.findings],
    }


def _finding(one: "Finding") -> dict[str, object]:
    from application.frames import timestamp

    return {
        "what": one.difference,
        "orderId": one.order_id,
        "status": one.status,
        "attempt": one.attempt,
        "venue": one.venue,
        "txHash": one.tx_hash,
        "amountIn": one.amount_in,
        "amountOut": one.amount_out,
        "at": timestamp(one.at),
    }
