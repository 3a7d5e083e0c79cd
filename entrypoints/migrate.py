"""Brings the database up to date, once, before anything else uses it."""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import TypeVar

from application.ports.errors import StoreUnavailable
from entrypoints.container import Container
from entrypoints.server_faults import why_not
from entrypoints.settings import Settings, require_urls

Done = TypeVar("Done")


def run(settings: Settings, *, adopt_open: bool) -> str:
    """Apply what is missing, and say what that was; with `adopt_open` also release unfinished orders made by hand."""
    require_urls(settings, "postgres_url")
    applied = asyncio.run(migrate(settings, adopt_open=adopt_open))
    done = ["Unfinished orders of the adopted table were released."] if adopt_open else []
    if not applied:
        return "\n".join(("The tables are up to date: there was nothing to apply.", *done))
    return "\n".join((*(f"Applied {name}" for name in applied), "The tables are up to date.", *done))


def make_roles(settings: Settings) -> None:
    """Make a role for each kind of process, and give it what it needs. The URL's own role must be a superuser."""
    require_urls(settings, "postgres_url")
    container = Container(settings=settings, mode="live")
    asyncio.run(_on_postgres(container, container.migrator().make_roles()))


def sql_of_roles() -> str:
    """Return what `make_roles` runs."""
    return Container(settings=Settings(), mode="live").roles_sql()


async def migrate(settings: Settings, *, adopt_open: bool = False) -> Sequence[str]:
    """Apply what is missing; return the files' names. Raises SettingsError, StoreUnavailable, MigrationFailed."""
    container = Container(settings=settings, mode="live")
    return await _on_postgres(container, container.migrator().apply(adopt_open=adopt_open))


async def _on_postgres(container: Container, work: Awaitable[Done]) -> Done:
    try:
        return await work
    except StoreUnavailable as error:
        raise await why_not(container.postgres_fault(), "postgres_url", error) from error
