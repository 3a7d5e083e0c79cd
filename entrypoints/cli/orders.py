"""`order-engine orders ...`: one order, all that is known of it, and what an operator may do with it."""

import json

import typer
from rich.table import Table

from application.frames import timestamp
from application.operate_orders import FailedOrder, OrderReport
from application.ports.order_queue import Job, JobPlace
from domain.money import plain
from domain.transaction import Transaction
from entrypoints.cli.ending import fail
from entrypoints.cli.operating import AsJson, OrderId, cell, on_orders, say, say_json, show
from entrypoints.http.presenter import order_json

app = typer.Typer(help="Look at one order, queue it again, or end it.", no_args_is_help=True)

_Facts = dict[str, object]


@app.command("show")
def show_order(order_id: OrderId, as_json: AsJson = False) -> None:
    """Show an order, its events, its job's place in the queue, and its transaction."""
    report = on_orders(lambda container: container.operate().show(order_id))
    if as_json:
        return typer.echo(_report_json(report))
    facts = Table("order", cell(report.order.order_id).plain)
    for name, value in _facts(report).items():
        facts.add_row(name, cell(value))
    show(facts)
    events = Table("seq", "time", "status", "attempt", "message")
    for frame in map(json.loads, (frame.text for frame in report.frames)):
        events.add_row(*(cell(frame[name]) for name in ("seq", "timestamp", "status", "attempt", "message")))
    show(events)


@app.command()
def requeue(order_id: OrderId, as_json: AsJson = False) -> None:
    """Put an open order in the queue, unless it is there."""
    job = on_orders(lambda container: container.operate().requeue(order_id))
    if job is not None and job.place is JobPlace.BURIED:
        fail("Its job is a dead letter: `order-engine queue revive` puts it back, `orders fail` ends the order.")
    if as_json:
        return say_json({"queued": job is None, "job": _job(job)})
    say("The order is in the queue now." if job is None else f"The order was in the queue already: {_place(job)}.")


@app.command("fail")
def fail_order(order_id: OrderId, as_json: AsJson = False) -> None:
    """End an order as failed (internal_error) and drop its dead letter; refused while its swap may have landed."""
    outcome = on_orders(lambda container: container.operate().fail(order_id))
    if as_json:
        say_json({"orderId": outcome.order.order_id, "status": outcome.order.status, "deadLetter": _letter(outcome)})
    elif outcome.dead_letter is not None:
        say(f"The order is failed.{' Its dead letter was dropped.' if outcome.dead_letter else ''}")
    if outcome.dead_letter is None:
        fail("The order is failed, but Redis does not answer: if it is a dead letter, repeat this when Redis is back.")


def _facts(report: OrderReport) -> _Facts:
    order = report.order
    facts: _Facts = {
        "status": f"{order.status} ({order.reason})" if order.reason else order.status,
        "asked for": f"{plain(order.amount)} {order.input_token} to {order.output_token}, by {order.user_id}",
        "attempt": order.attempt,
        "created": timestamp(order.created_at),
        "last moved": timestamp(order.updated_at),
        "job": (_place(report.job) if report.job else "not in the queue") if report.asked else "Redis does not answer",
    }
    if order.execution_price is not None:
        facts["executed at"] = plain(order.execution_price)
    for name, value in (_transaction(order.transaction) or {"transaction": "none"}).items():
        facts[_LABELS.get(name, name)] = value
    return facts


_LABELS = {"txHash": "transaction", "limitPrice": "limit price", "expiresAt": "expires"}


def _report_json(report: OrderReport) -> str:
    """Put what is JSON already beside the rest, byte for byte."""
    parts = {
        "order": order_json(report.order),
        "events": f"[{','.join(frame.text for frame in report.frames)}]",
        "queueAnswered": json.dumps(report.asked),
        "job": json.dumps(_job(report.job), ensure_ascii=False),
        "transaction": json.dumps(_transaction(report.order.transaction), ensure_ascii=False),
    }
    return "{" + ",".join(f'"{name}":{text}' for name, text in parts.items()) + "}"


def _transaction(transaction: Transaction | None) -> _Facts | None:
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


def _job(job: Job | None) -> _Facts | None:
    if job is None:
        return None
    return {
        "place": job.place,
        "deliveries": job.deliveries,
        "holder": job.holder,
        "seconds": job.seconds,
        "why": job.why,
    }


def _place(job: Job) -> str:
    match job.place:
        case JobPlace.LEASED:
            return f"leased by {job.holder} for another {job.seconds:.1f} s"
        case JobPlace.DELAYED:
            return f"delayed, due in {job.seconds:.1f} s"
        case JobPlace.BURIED:
            return f"a dead letter: {job.why}"
    return "waiting for a worker"


def _letter(outcome: FailedOrder) -> str:
    return {True: "dropped", False: "none", None: "unknown"}[outcome.dead_letter]
