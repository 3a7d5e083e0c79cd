"""The operators' part of `order-engine orders ...`: straight to the servers, by their settings."""

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer

from entrypoints.cli.ending import fail
from entrypoints.cli.operating import on_halts, on_orders
from entrypoints.cli.options import AsJson, OrderId, User
from entrypoints.cli.output import in_symbols, say, say_json, visible_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from application.caller import Caller
    from application.operate_orders import FailedOrder, OrderReport
    from application.ports.queue_operations import Job
    from domain.asset import Asset
    from domain.transaction import Transaction
    from entrypoints.container import Container

_Facts = dict[str, object]
Reason = Annotated[
    str | None, typer.Option("--reason", "--why", metavar="TEXT", help="Kept with the record of this act.")
]
NotLanded = Annotated[
    bool, typer.Option("--not-landed", help="Of a held order: you know that its swap did not happen, and cannot.")
]


def show_by_servers(order_id: str, *, as_json: bool) -> None:
    """Show an order with what only the servers know: its job's place in the queue, its transaction."""
    report, tokens = on_orders(lambda container, caller: _shown(container, caller, order_id))
    if as_json:
        return typer.echo(_report_json(report))
    from entrypoints.cli.order_view import print_order
    from entrypoints.web.http.presenter import order_json

    events = [json.loads(frame.text) for frame in report.frames]
    order = json.loads(order_json(report.order), parse_float=Decimal)
    symbols = {token.address: token.symbol for token in reversed(tokens)}  # the first one counts
    print_order(in_symbols(order, symbols), events, _facts(report), asked="the servers that the settings name")


async def _shown(container: "Container", caller: "Caller", order_id: str) -> "tuple[OrderReport, Sequence[Asset]]":
    tokens = container.tokens()
    return await container.operate().show(caller, order_id), tokens.assets() if tokens else ()


def requeue(order_id: OrderId, as_json: AsJson = False) -> None:
    """Put an order that runs in the queue, unless it is there."""
    job = on_orders(lambda container, caller: container.operate().requeue(caller, order_id)).job
    if as_json:
        return say_json({"queued": job is None, "job": _job(job)})
    say("The order is in the queue now." if job is None else f"The order was in the queue already: {_place(job)}.")


def fail_order(
    order_id: OrderId, reason: Reason = None, not_landed: NotLanded = False, as_json: AsJson = False
) -> None:
    """End an order as failed (internal_error) and drop its dead letter; refused while its swap may have landed."""
    outcome = on_orders(
        lambda container, caller: container.operate().fail(caller, order_id, reason, not_landed=not_landed)
    )
    if as_json:
        say_json({"orderId": outcome.order.order_id, "status": outcome.order.status, "deadLetter": _letter(outcome)})
    elif outcome.dead_letter is not None:
        say(f"The order is failed.{' Its dead letter was dropped.' if outcome.dead_letter else ''}")
    if outcome.dead_letter is None:
        fail("The order is failed, but Redis does not answer: if it is a dead letter, repeat this when Redis is back.")


def confirm(order_id: OrderId, as_json: AsJson = False) -> None:
    """Confirm an order that is held with the swap that its venue reports, even if it is below the limit."""
    order = on_orders(lambda container, caller: container.operate().confirm(caller, order_id))
    if as_json:
        return say_json({"orderId": order.order_id, "status": order.status})
    say("The order is confirmed.")


def release(order_id: OrderId, as_json: AsJson = False) -> None:
    """Let an order run that is held; for one that was held after a halt, only when its venues have not swapped it."""
    order = on_halts(lambda container, caller: container.operate_trading().release(caller, order_id))
    if order is None:
        fail("The order is not held.")
    if as_json:
        return say_json({"orderId": order.order_id, "held": False})
    say("The order runs again.")


def cancel_all(
    user: User = None,
    venue: Annotated[str | None, typer.Option("--venue", metavar="NAME", help="Those that would go there.")] = None,
    everyone: Annotated[bool, typer.Option("--all", help="Those of all users.")] = False,
    as_json: AsJson = False,
) -> None:
    """Cancel all orders that are not submitted yet: of a user, for a venue, or really all."""
    from application.ports.order_store import UnfinishedFilter

    if everyone == (user is not None or venue is not None):
        raise typer.BadParameter("give --user, --venue or both; or --all")
    wanted = UnfinishedFilter(user_id=user, venue=venue)
    outcome = on_orders(lambda container, caller: container.cancel_all().by_operator(caller, wanted))
    if as_json:
        return say_json({"cancelled": outcome.cancelled, "notCancellable": outcome.not_cancellable})
    say(f"{len(outcome.cancelled)} orders are cancelled.")
    if outcome.not_cancellable:
        say(f"Submitted already, and ended by their venues: {', '.join(outcome.not_cancellable)}.")


def _facts(report: "OrderReport") -> _Facts:
    transaction = _transaction(report.order.transaction) or {"transaction": "none"}
    return {"job": _job_of(report)} | {_LABELS.get(name, name): value for name, value in transaction.items()}


def _job_of(report: "OrderReport") -> str:
    if not report.asked:
        return "Redis does not answer"
    if report.job:
        return _place(report.job)
    if report.order.runs or report.order.status.is_final:
        return "not in the queue"
    return "none while it is held" if report.order.held else "none while it rests"


_LABELS = {"txHash": "transaction", "limitPrice": "limit price", "expiresAt": "expires"}


def _report_json(report: "OrderReport") -> str:
    """Put what is JSON already beside the rest, digit for digit."""
    from entrypoints.web.http.presenter import order_json

    parts = {
        "order": order_json(report.order),
        "events": f"[{','.join(frame.text for frame in report.frames)}]",
        "queueAnswered": json.dumps(report.asked),
        "job": json.dumps(_job(report.job), ensure_ascii=False),
        "transaction": json.dumps(_transaction(report.order.transaction), ensure_ascii=False),
    }
    return visible_json("{" + ",".join(f'"{name}":{text}' for name, text in parts.items()) + "}")


def _transaction(transaction: "Transaction | None") -> _Facts | None:
    from application.frames import timestamp
    from domain.money import plain

    if transaction is None:
        return None
    limit = transaction.limit_price
    return {
        "txHash": transaction.tx_hash,
        "venue": transaction.venue,
        "amount": plain(transaction.amount),
        "limitPrice": None if limit is None else plain(limit),
        "expiresAt": timestamp(transaction.expires_at),
    }


def _job(job: "Job | None") -> _Facts | None:
    if job is None:
        return None
    return {
        "place": job.place,
        "deliveries": job.deliveries,
        "holder": job.holder,
        "seconds": job.seconds,
        "why": job.why,
    }


def _place(job: "Job") -> str:
    match job.place:
        case "leased":
            return f"leased by {job.holder} for another {job.seconds:.1f} s"
        case "delayed":
            return f"delayed, due in {job.seconds:.1f} s"
        case "buried":
            return f"a dead letter: {job.why}"
    return "waiting for a worker"


def _letter(outcome: "FailedOrder") -> str:
    return {True: "dropped", False: "none", None: "unknown"}[outcome.dead_letter]
