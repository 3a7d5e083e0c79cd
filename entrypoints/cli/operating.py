"""Runs an operator's command on the servers that the settings name, and tells what came of it."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from application.errors import ApplicationError
from application.ports.errors import Overloaded, PortError, QueueUnavailable, StoreUnavailable
from entrypoints import logs
from entrypoints.cli.ending import WRONG_SETTINGS, fail, settings_of_the_environment
from entrypoints.container import Container
from entrypoints.lifecycle import StartError, opened
from entrypoints.settings import SettingsError, require_urls

Answer = TypeVar("Answer")

AsJson = Annotated[bool, typer.Option("--json", help="Answer with JSON, for scripts.")]
OrderId = Annotated[str, typer.Argument(metavar="ID", help="The order's id.")]

PIPE_WIDTH = 240
_UNKNOWN = "it is not known whether it was written: look with `order-engine orders show`"


def on_queue(command: Callable[[Container], Awaitable[Answer]]) -> Answer:
    """Run a command that needs Redis alone, so that it works while Postgres is away."""
    return _run(command, "redis_url")


def on_orders(command: Callable[[Container], Awaitable[Answer]]) -> Answer:
    """Run a command that needs the orders too."""
    return _run(command, "postgres_url", "redis_url")


def say(text: str) -> None:
    """Tell one sentence."""
    _console().print(text, markup=False)


def say_json(value: Any) -> None:
    """Answer a script."""
    typer.echo(json.dumps(value, ensure_ascii=False))


def show(table: Table) -> None:
    """Show a table."""
    _console().print(table)


def cell(value: object) -> Text:
    """Return a value for a table: nothing in it is taken for markup, and nothing reaches the terminal's controls."""
    text = "" if value is None else str(value)
    return Text("".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text))


def _console() -> Console:
    # A pipe has no width of its own, and `grep` wants whole lines.
    return Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else PIPE_WIDTH)


def _run(command: Callable[[Container], Awaitable[Answer]], *urls: str) -> Answer:
    settings = settings_of_the_environment()
    logs.configure(settings.log_format, "error")  # what matters of a command's troubles is its last sentence

    async def session() -> Answer:
        container = Container(settings=settings, mode="live")
        resources = container.resources() if "postgres_url" in urls else container.queue_resources()
        async with opened(*resources):
            return await command(container)

    try:
        require_urls(settings, *urls)
        return asyncio.run(session())
    except SettingsError as error:
        fail("\n".join(error.mistakes), WRONG_SETTINGS)
    except QueueUnavailable as error:
        fail(f"Redis does not answer: {error}.")
    except (StoreUnavailable, Overloaded) as error:
        unknown = isinstance(error, StoreUnavailable) and error.accepted == "unknown"
        fail(f"Postgres does not answer: {error}{f'; {_UNKNOWN}' if unknown else ''}.")
    except (ApplicationError, PortError, StartError) as error:
        fail(f"{error}.")
    except KeyboardInterrupt:
        raise SystemExit(130) from None
