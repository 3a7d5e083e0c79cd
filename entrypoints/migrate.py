"""Brings the database up to date, once, before anything else uses it."""

import asyncio
from collections.abc import Awaitable

from application.ports.errors import StoreUnavailable
from entrypoints.container import Container
from entrypoints.server_faults import why_not
from entrypoints.settings import Settings, require_urls


def run(settings: Settings, *, adopt_open: bool) -> None:
    """Apply what is missing; with `adopt_open` also release unfinished orders of a table made by hand."""
    require_urls(settings, "postgres_url")
    asyncio.run(migrate(settings, adopt_open=adopt_open))


def make_roles(settings: Settings) -> None:
    """Make a role for each kind of process, and give it what it needs. The URL's own role must be a superuser."""
    require_urls(settings, "postgres_url")
    container = Container(settings=settings, mode="live")
    asyncio.run(_on_postgres(container, container.migrator().make_roles()))


def sql_of_roles() -> str:
    """Return what `make_roles` runs."""
    return Container(settings=Settings(), mode="live").roles_sql()


async def migrate(settings: Settings, *, adopt_open: bool = False) -> None:
    """Apply what is missing. Raises SettingsError, StoreUnavailable, MigrationFailed."""
    container = Container(settings=settings, mode="live")
    await _on_postgres(container, container.migrator().apply(adopt_open=adopt_open))


async def _on_postgres(container: Container, work: Awaitable[object]) -> None:
    try:
        await work
    except StoreUnavailable as error:
        raise await why_not(container.postgres_fault(), "postgres_url", error) from error
