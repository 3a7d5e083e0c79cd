"""`order-engine load` itself: its options, its progress bar."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from entrypoints.cli.ending import troubles_reported
from entrypoints.cli.options import AsJson, Url
from entrypoints.cli.output import console, on_terminal, say_json

if TYPE_CHECKING:
    from entrypoints.load.tally import Tally

CONNECTIONS, CONNECTIONS_AT_A_RATE = 64, 256


def load(
    url: Url,
    orders: Annotated[int, typer.Option(min=1, metavar="N", help="How many orders.")] = 1000,
    rate: Annotated[
        float | None,
        typer.Option(min=0.1, metavar="N", help="Orders per second.", show_default="as fast as they are accepted"),
    ] = None,
    concurrency: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=10_000,
            metavar="N",
            help="Connections that post side by side.",
            show_default=f"{CONNECTIONS}, with --rate {CONNECTIONS_AT_A_RATE}",
        ),
    ] = None,
    user: Annotated[
        str | None, typer.Option("--user", "-u", metavar="NAME", help="Whose orders.", show_default="a new one")
    ] = None,
    timeout: Annotated[
        float,
        typer.Option(min=0, metavar="SECONDS", help="How long accepted orders may take after the last was posted."),
    ] = 60,
    as_json: AsJson = False,
) -> None:
    """Post many orders, follow all to their ends, and tell how long it took.

    Exit code 0: all were accepted and ended, confirmed or failed; 1: some were refused; 5: some did not end in time.
    """
    import uvloop

    from entrypoints.cli.client import EngineClient
    from entrypoints.load import report
    from entrypoints.load.posting import Plan
    from entrypoints.load.run import run
    from entrypoints.load.tally import Tally

    name = user or f"load-{uuid.uuid4().hex[:8]}"
    connections = concurrency or (CONNECTIONS if rate is None else CONNECTIONS_AT_A_RATE)
    plan, tally = Plan(url, name, orders, connections, rate), Tally()
    with troubles_reported():
        with EngineClient(url) as client:
            next(client.order_pages(1, user_id=name))  # is there an engine?
        with _progress(orders, tally) as tick:
            outcome = uvloop.run(run(plan, tally, timeout, tick))
    if as_json:
        say_json(report.document(outcome))
    else:
        report.print_tables(outcome)
    raise SystemExit(report.exit_code(outcome))


@contextmanager
def _progress(orders: int, tally: "Tally") -> Iterator[Callable[[], None]]:
    """Show two bars on a terminal, and nothing elsewhere; give what draws them anew."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description:<9}"), BarColumn(40), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console(stderr=True), disable=not on_terminal(stderr=True)) as bars:
        accepted, finished = bars.add_task("accepted", total=orders), bars.add_task("finished", total=orders)

        def draw() -> None:
            bars.update(accepted, completed=tally.accepted)
            bars.update(finished, completed=tally.finished)

        try:
            yield draw
        finally:
            draw()
