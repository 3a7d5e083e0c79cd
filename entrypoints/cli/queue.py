"""`order-engine queue ...`: the jobs as a whole. Looking needs Redis only; what is changed is noted in Postgres."""

import typer

from entrypoints.cli.ending import fail
from entrypoints.cli.operating import on_orders, on_queue
from entrypoints.cli.options import AsJson, OrderId
from entrypoints.cli.output import cell, say, say_json, show

app = typer.Typer(help="Look at the queue, decide on dead letters, pause everything.", no_args_is_help=True)


@app.command()
def counts(as_json: AsJson = False) -> None:
    """Count the jobs in each place, and tell whether there is a pause."""
    from attrs import asdict, astuple
    from rich.table import Table

    found = on_queue(lambda container, caller: container.query_queue().counts(caller))
    if as_json:
        return say_json(asdict(found))
    table = Table(*asdict(found))
    table.add_row(*(cell(value) for value in (*astuple(found)[:-1], "yes" if found.paused else "no")))
    show(table)


@app.command()
def dead(as_json: AsJson = False) -> None:
    """List the dead letters, oldest first: jobs that were given up, and why. Their orders are as they were."""
    from rich.table import Table

    jobs = on_queue(lambda container, caller: container.query_queue().dead_letters(caller))
    if as_json:
        return say_json([{"orderId": job.order_id, "why": job.why} for job in jobs])
    if not jobs:
        return say("There are no dead letters.")
    table = Table("order", "why")
    for job in jobs:
        table.add_row(cell(job.order_id), cell(job.why))
    show(table)


@app.command()
def revive(order_id: OrderId, as_json: AsJson = False) -> None:
    """Put a dead letter back in the queue, with a fresh count of deliveries."""
    revived = on_orders(lambda container, caller: container.operate_queue().revive(caller, order_id))
    if revived is None:
        fail("No dead letter has this id.")
    if as_json:
        return say_json({"orderId": revived, "revived": True})
    say("It is back in the queue.")


@app.command()
def pause(as_json: AsJson = False) -> None:
    """Let no worker take jobs until `resume`. Orders in hand go on; new ones are still accepted, and wait."""
    on_orders(lambda container, caller: container.operate_queue().pause(caller))
    if as_json:
        return say_json({"paused": True})
    say("Paused: workers take no jobs until `order-engine queue resume`. Orders in hand go on, new ones wait.")


@app.command()
def resume(as_json: AsJson = False) -> None:
    """End a pause."""
    on_orders(lambda container, caller: container.operate_queue().resume(caller))
    if as_json:
        return say_json({"paused": False})
    say("Workers take jobs again.")
