"""Runs an operator's command on the servers that the settings name, and prints what came of it."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from entrypoints.cli.ending import INTERRUPTED, WRONG_USAGE, fail, settings_of_the_environment

if TYPE_CHECKING:
    from application.caller import Caller
    from entrypoints.container import Container

Answer = TypeVar("Answer")

Command = Callable[["Container", "Caller"], Awaitable[Answer]]

_UNKNOWN = "it is not known whether it was written: look with `order-engine orders show`"


def on_queue(command: "Command[Answer]") -> Answer:
    """Run a command that needs Redis alone, so that it works while Postgres is away."""
    return _run(command, "redis_url")


def on_halts(command: "Command[Answer]") -> Answer:
    """Run a command that needs Postgres alone, so that it works while Redis is away."""
    return _run(command, "postgres_url")


def on_orders(command: "Command[Answer]") -> Answer:
    """Run a command that needs the orders too."""
    return _run(command, "postgres_url", "redis_url")


def _run(command: "Command[Answer]", *urls: str) -> Answer:
    import asyncio

    from application.errors import ApplicationError
    from application.ports.errors import Overloaded, PortError, QueueUnavailable, StoreUnavailable
    from domain.errors import DomainError
    from entrypoints import logs
    from entrypoints.container import Container
    from entrypoints.lifecycle import StartError, opened
    from entrypoints.operator import operator
    from entrypoints.server_faults import why_not
    from entrypoints.settings import SettingsError, require_urls

    settings = settings_of_the_environment()
    logs.configure(settings.log_format, "error")  # what matters of a command's troubles is its last sentence

    async def session() -> Answer:
        container = Container(settings=settings, mode="live")
        match urls:
            case ("redis_url",):
                resources = container.queue_resources()
            case ("postgres_url",):
                resources = container.halt_resources()
            case _:
                resources = container.resources()
        try:
            async with opened(*resources):
                if "postgres_url" not in urls:
                    return await command(container, operator())
                await container.follow_clock()()
                count_orders = container.count_orders()
                try:
                    return await command(container, operator())
                finally:
                    await count_orders.send()  # orders that it ended
        except QueueUnavailable as error:
            raise await why_not(container.redis_fault(), "redis_url", error) from error
        except StoreUnavailable as error:
            raise await why_not(container.postgres_fault(), "postgres_url", error) from error

    try:
        require_urls(settings, *urls)
        return asyncio.run(session())
    except SettingsError as error:
        fail(str(error), WRONG_USAGE)
    except QueueUnavailable as error:
        fail(f"Redis does not answer: {error}.")
    except (StoreUnavailable, Overloaded) as error:
        unknown = isinstance(error, StoreUnavailable) and error.accepted == "unknown"
        fail(f"Postgres does not answer: {error}{f'; {_UNKNOWN}' if unknown else ''}.")
    except (ApplicationError, DomainError, PortError, StartError) as error:
        fail(f"{error}.")
    except KeyboardInterrupt:
        raise SystemExit(INTERRUPTED) from None
