"""`order-engine workers`: which workers are there, and how busy. Needs Postgres only."""

from entrypoints.cli.operating import on_halts
from entrypoints.cli.options import AsJson
from entrypoints.cli.output import cell, say, say_json, show


def workers(as_json: AsJson = False) -> None:
    """List the workers that are there: name, release, slots, orders in flight, since when, last heard of."""
    from rich.table import Table

    from entrypoints.web.http.presenter import worker_facts

    seen = on_halts(lambda container, caller: container.query_workers()(caller))
    if as_json:
        return say_json([worker_facts(worker) for worker in seen])
    if not seen:
        return say("No worker is there: orders are accepted and wait. Start one with `order-engine worker`.")
    table = Table("worker", "release", "slots", "in flight", "since", "last heard of")
    for worker in seen:
        table.add_row(*map(cell, worker_facts(worker).values()))
    show(table)
