"""The command line itself, and the commands that run processes."""

import errno
import os
from collections.abc import Callable
from typing import Annotated

import typer
from attrs import evolve

from entrypoints.cli import keys, orders, queue, trading, venue, wallet, webhooks
from entrypoints.cli.audit import audit
from entrypoints.cli.credential import FILE_VARIABLE, KEY_VARIABLE
from entrypoints.cli.doctor import doctor
from entrypoints.cli.ending import (
    INTERRUPTED,
    NOT_WRITTEN,
    WRONG_USAGE,
    fail,
    fail_unforeseen,
    settings_of_the_environment,
)
from entrypoints.cli.options import URL_VARIABLE
from entrypoints.cli.output import complain, give_up_output, open_streams, say, show, write_out
from entrypoints.cli.reconcile import reconcile
from entrypoints.cli.submit import submit
from entrypoints.cli.tokens import tokens
from entrypoints.cli.venue_check import venue_check
from entrypoints.cli.workers import workers
from entrypoints.load.command import load
from entrypoints.settings import MOST_PROCESSES, Settings, SettingsError, shown, unknown_variables

_OUTPUT_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EPIPE, errno.EBADF)

RUN, TRADE, OPERATE = "Run", "Trade", "Operate"  # in this order in the list of commands

app = typer.Typer(
    name="order-engine",
    help="The order execution engine. Settings come from ORDER_ENGINE_* variables: see `order-engine check-config`.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(queue.app, name="queue", rich_help_panel=OPERATE)
app.add_typer(trading.app, name="trading", rich_help_panel=OPERATE)
app.add_typer(venue.app, name="venue", rich_help_panel=OPERATE)
app.add_typer(keys.app, name="keys", rich_help_panel=OPERATE)
app.add_typer(wallet.app, name="wallet", rich_help_panel=OPERATE)
app.add_typer(orders.app, name="orders", rich_help_panel=TRADE)
app.add_typer(webhooks.app, name="webhooks", rich_help_panel=TRADE)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"order-engine {version('order-engine')}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass


@app.command(rich_help_panel=RUN)
def dev(
    memory: Annotated[bool, typer.Option("--memory", help="No Postgres, no Redis: all is gone at the end.")] = False,
    solana: Annotated[
        bool,
        typer.Option("--solana", help="Swap on a Solana that is simulated here, by a wallet with money to throw away."),
    ] = False,
) -> None:
    """Run everything here in one process: API, worker, and private Postgres and Redis unless their URLs are set."""
    from entrypoints.dev.run import run

    _run(lambda settings: run(settings, memory=memory, solana=solana))


@app.command(rich_help_panel=RUN)
def api(
    processes: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=MOST_PROCESSES,
            metavar="N",
            help="Processes on the one port; overrides ORDER_ENGINE_API_PROCESSES.",
        ),
    ] = None,
) -> None:
    """Run the API."""
    from entrypoints.api import run

    _run(lambda settings: run(evolve(settings, api_processes=processes or settings.api_processes)))


@app.command(hidden=True)
def api_child(listener_fd: int, operations_fd: int, meters_fd: int, slot: int) -> None:
    """Run one of the processes of `api --processes`, which alone starts it."""
    from entrypoints.api import run_child

    _run(lambda settings: run_child(settings, listener_fd, operations_fd, meters_fd, slot))


@app.command(rich_help_panel=RUN)
def worker() -> None:
    """Run a worker process."""
    from entrypoints.worker import run

    _run(run)


app.command(rich_help_panel=TRADE)(submit)
app.command(rich_help_panel=TRADE)(tokens)
app.command(rich_help_panel=OPERATE)(reconcile)
app.command(rich_help_panel=OPERATE)(doctor)
app.command(rich_help_panel=OPERATE)(audit)
app.command(rich_help_panel=OPERATE)(workers)
app.command(rich_help_panel=OPERATE)(venue_check)
app.command(rich_help_panel=TRADE)(load)


@app.command(rich_help_panel=OPERATE)
def migrate(
    adopt_open: Annotated[
        bool, typer.Option("--adopt-open", help="Also run what was unfinished in an orders table made by hand.")
    ] = False,
) -> None:
    """Bring the database's tables up to date; safe to run at any time, by any number of processes."""
    from entrypoints.migrate import run

    _run(lambda settings: say(run(settings, adopt_open=adopt_open)))


@app.command(rich_help_panel=OPERATE)
def roles(
    apply: Annotated[
        bool, typer.Option("--apply", help="Run it on the database of the settings, as a superuser.")
    ] = False,
) -> None:
    """Print the SQL that makes a database role for each kind of process, with no more rights than it needs."""
    from entrypoints.migrate import make_roles, sql_of_roles

    if apply:
        _run(make_roles)
        return say("The roles are there, with the rights that they need.")
    typer.echo(sql_of_roles())


@app.command(rich_help_panel=RUN)
def venue_simulator() -> None:
    """Run the mock venues as a process of their own, over HTTP: a ledger on disk, and faults by seed."""
    from entrypoints.venue_simulator import run

    _run(run)


@app.command(rich_help_panel=RUN)
def solana_simulator() -> None:
    """Run a Solana of your own: a chain on a real virtual machine, two nodes, Jupiter and Raydium, faults by seed."""
    from entrypoints.solana_simulator import run

    _run(run)


@app.command(rich_help_panel=OPERATE)
def check_config() -> None:
    """Check the settings, look at the servers that they name, and show all, without secrets."""
    from rich.table import Table

    from entrypoints.certificate import CertificateUnfit
    from entrypoints.container import Container
    from entrypoints.container.wallets import check_wallets
    from entrypoints.server_faults import check_servers

    settings = settings_of_the_environment()
    try:
        container = Container(settings=settings, mode="memory")
        container.each_venue()
        container.certificate()
        container.sign_in()
        container.tokens()
        container.tracing()
        check_wallets(container.signing())
        check_servers(settings)
    except (SettingsError, CertificateUnfit) as error:
        fail(str(error), WRONG_USAGE)
    table = Table("variable", "value", "meaning")
    for row in shown(settings):
        table.add_row(*row)
    show(table)
    for name in unknown_variables(os.environ):
        if name not in (URL_VARIABLE, KEY_VARIABLE, FILE_VARIABLE):
            complain(f"{name} is not a setting of this engine; is it misspelt?")


def main() -> None:
    """Run the command line. What it prints has to arrive, or the exit code says that it did not."""
    open_streams()
    try:
        try:
            app()
        finally:
            write_out()
    except KeyboardInterrupt:
        raise SystemExit(INTERRUPTED) from None
    except Exception as error:
        if not isinstance(error, OSError) or error.filename is not None or error.errno not in _OUTPUT_ERRORS:
            fail_unforeseen(error)
        complain(f"The answer could not be written: {error.strerror}.", "red")
        give_up_output()
        raise SystemExit(NOT_WRITTEN) from None


def _run(process: Callable[[Settings], None]) -> None:
    """Run a process until it ends; a known trouble is one clear sentence and exit code 1."""
    from application.ports.errors import PortError
    from entrypoints import logs
    from entrypoints.lifecycle import StartError
    from entrypoints.web.server import CannotListen

    settings = settings_of_the_environment()
    logs.configure(settings.log_format, settings.log_level)
    try:
        process(settings)
    except SettingsError as error:
        fail(str(error), WRONG_USAGE)
    except (StartError, CannotListen, PortError) as error:
        fail(str(error))
    except KeyboardInterrupt:
        raise SystemExit(INTERRUPTED) from None
