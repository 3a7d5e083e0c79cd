"""`order-engine orders ...`: what users do through an engine's API, and beside it the operators' commands."""

import os
from typing import Annotated

import typer

from domain.status import OrderStatus
from entrypoints.cli import orders_operator
from entrypoints.cli.ending import troubles_reported
from entrypoints.cli.options import AsJson, AsJsonLines, OrderId, Timeout, Url, instant
from entrypoints.cli.output import in_symbols, say, say_json
from entrypoints.cli.tail import tail

USERS, OPERATORS = "Trade: through an engine's API (--url)", "Operate: straight to its servers, by their settings"
_SERVERS = ("ORDER_ENGINE_POSTGRES_URL", "ORDER_ENGINE_REDIS_URL")

app = typer.Typer(help="List, show, watch and cancel orders; queue one again, or end it.", no_args_is_help=True)


@app.command("list", rich_help_panel=USERS)
def list_orders(
    url: Url,
    user: Annotated[str | None, typer.Option("--user", "-u", metavar="NAME", help="Only this user's.")] = None,
    status: Annotated[list[OrderStatus] | None, typer.Option(help="Only those that are so; may be repeated.")] = None,
    client_order_id: Annotated[
        str | None, typer.Option(metavar="NAME", help="The one that the user named so; with --user.")
    ] = None,
    pair: Annotated[str | None, typer.Option(metavar="SOLD/BOUGHT", help="Only of these tokens: SOL/USDC.")] = None,
    venue: Annotated[str | None, typer.Option(metavar="NAME", help="Only those that chose this venue.")] = None,
    since: Annotated[str | None, typer.Option(metavar="TIME", help="Only those created from then on.")] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Only those created before.")] = None,
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="The newest N.")] = 20,
    every: Annotated[bool, typer.Option("--all", help="All there are, whatever the limit.")] = False,
    as_json: AsJson = False,
) -> None:
    """List orders, the newest first."""
    from entrypoints.cli.client import EngineClient
    from entrypoints.cli.order_list import print_json, print_table

    with troubles_reported(), EngineClient(url) as client:
        pages = client.order_pages(
            None if every else limit,
            user_id=user,
            status=[each.value for each in status or ()],
            client_order_id=client_order_id,
            pair=pair,
            venue=venue,
            since=instant(since),
            until=instant(until, "--until"),
        )
        print_json(pages) if as_json else print_table(pages, client)


@app.command("show", rich_help_panel=USERS)
def show_order(context: typer.Context, order_id: OrderId, url: Url, as_json: AsJson = False) -> None:
    """Show an order, its quotes and its events.

    Where the servers' settings are set (ORDER_ENGINE_POSTGRES_URL, ORDER_ENGINE_REDIS_URL) and no --url is given, it
    asks the servers, and tells its job's place in the queue and its transaction too.
    """
    if not _given(context, "url") and any(os.environ.get(name, "").strip() for name in _SERVERS):
        return orders_operator.show_by_servers(order_id, as_json=as_json)
    from entrypoints.cli.client import EngineClient
    from entrypoints.cli.order_view import print_order

    with troubles_reported(), EngineClient(url) as client:
        order, events = client.order(order_id).raw, [frame.raw for frame in client.events(order_id)]
        if as_json:
            return say_json({"order": order, "events": events})
        order = in_symbols(order, client.symbols())
    more = {} if order["finishedAt"] else {"job": "only the servers know: ask with a worker's settings"}
    print_order(order, events, more, asked=client.url)


@app.command("watch", rich_help_panel=USERS)
def watch_order(order_id: OrderId, url: Url, timeout: Timeout = None, as_json: AsJsonLines = False) -> None:
    """Follow an order to its end, from its first step, whenever one begins.

    Exit code 0: confirmed; 3: failed; 1: no such order; 4: no engine answers; 5: out of time.
    """
    from entrypoints.cli.client import EngineClient
    from entrypoints.cli.timeline_view import view_for_reader
    from entrypoints.cli.watching import deadline_of, watch

    with troubles_reported(), EngineClient(url) as client:
        deadline = deadline_of(timeout)
        known = client.order(order_id)
        view = view_for_reader(as_json=as_json, symbols=client.symbols)
        raise SystemExit(watch(client, known.order_id, view, deadline=deadline))


@app.command("cancel", rich_help_panel=USERS)
def cancel_order(order_id: OrderId, url: Url, as_json: AsJson = False) -> None:
    """Cancel an order; refused once its transaction is submitted."""
    from entrypoints.cli.client import EngineClient
    from order_engine_client import NoAnswer

    with troubles_reported(), EngineClient(url) as client:
        try:
            order = client.cancel(order_id)
        except NoAnswer as error:
            error.add_note(f"It may be cancelled or not: order-engine orders show {order_id}")
            raise
    if as_json:
        return say_json(order.raw)
    say("The order is cancelled.")


app.command("tail", rich_help_panel=USERS)(tail)
app.command("requeue", rich_help_panel=OPERATORS)(orders_operator.requeue)
app.command("fail", rich_help_panel=OPERATORS)(orders_operator.fail_order)
app.command("confirm", rich_help_panel=OPERATORS)(orders_operator.confirm)
app.command("release", rich_help_panel=OPERATORS)(orders_operator.release)
app.command("cancel-all", rich_help_panel=OPERATORS)(orders_operator.cancel_all)


def _given(context: typer.Context, parameter: str) -> bool:
    """Whether an option stands on the command line, and is not only a default or a variable."""
    source = context.get_parameter_source(parameter)
    return source is not None and source.name == "COMMANDLINE"
