"""The command line itself, and the commands that run processes."""

import os
from collections.abc import Callable
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from application.ports.errors import PortError
from entrypoints import logs
from entrypoints.cli import orders, queue
from entrypoints.cli.ending import WRONG_SETTINGS, errors, fail, settings_of_the_environment
from entrypoints.http.server import CannotListen
from entrypoints.lifecycle import StartError
from entrypoints.local_servers import LocalServerError
from entrypoints.settings import Settings, SettingsError, shown, unknown_variables

app = typer.Typer(
    name="order-engine",
    help="The order execution engine. Settings come from ORDER_ENGINE_* variables: see `order-engine check-config`.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(queue.app, name="queue")
app.add_typer(orders.app, name="orders")


@app.command()
def dev(
    memory: Annotated[bool, typer.Option("--memory", help="No Postgres, no Redis: all is gone at the end.")] = False,
) -> None:
    """Run everything here in one process: API, worker, and private Postgres and Redis unless their URLs are set."""
    from entrypoints.dev import run

    _run(lambda settings: run(settings, memory=memory))


@app.command()
def api() -> None:
    """Run an API process."""
    from entrypoints.api import run

    _run(run)


@app.command()
def worker() -> None:
    """Run a worker process."""
    from entrypoints.worker import run

    _run(run)


@app.command()
def migrate(
    adopt_open: Annotated[
        bool, typer.Option("--adopt-open", help="Also run what was unfinished in an orders table made by hand.")
    ] = False,
) -> None:
    """Bring the database's tables up to date; safe to run at any time, by any number of processes."""
    from entrypoints.migrate import run

    _run(lambda settings: run(settings, adopt_open=adopt_open))


@app.command()
def venue_simulator() -> None:
    """Run the mock venues as a process of their own, over HTTP: a ledger on disk, and faults by seed."""
    from entrypoints.venue_simulator.process import run

    _run(run)


@app.command()
def check_config() -> None:
    """Check the settings and show them all, without secrets."""
    settings = settings_of_the_environment()
    table = Table("variable", "value", "meaning")
    for row in shown(settings):
        table.add_row(*row)
    Console().print(table)
    for name in unknown_variables(os.environ):
        errors.print(f"[yellow]{name} is not a setting of this engine; is it misspelt?")


def main() -> None:
    """Run the command line."""
    app()


def _run(process: Callable[[Settings], None]) -> None:
    """Run a process until it ends; a known trouble is one clear sentence and exit code 1."""
    settings = settings_of_the_environment()
    logs.configure(settings.log_format, settings.log_level)
    try:
        process(settings)
    except SettingsError as error:
        fail("\n".join(error.mistakes), WRONG_SETTINGS)
    except (StartError, CannotListen, LocalServerError, PortError) as error:
        fail(str(error))
    except KeyboardInterrupt:
        raise SystemExit(130) from None
