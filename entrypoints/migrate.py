"""Brings the database up to date, once, before anything else uses it."""

import asyncio

from application.ports.errors import StoreUnavailable
from entrypoints.container import Container
from entrypoints.server_faults import why_not
from entrypoints.settings import Settings, require_urls


def run(settings: Settings, *, adopt_open: bool) -> None:
    """Apply what is missing; with `adopt_open` also release unfinished orders of a table made by hand."""
    require_urls(settings, "postgres_url")
    asyncio.run(migrate(settings, adopt_open=adopt_open))


async def migrate(settings: Settings, *, adopt_open: bool = False) -> None:
    """Apply what is missing. Raises SettingsError, StoreUnavailable, MigrationFailed."""
    container = Container(settings=settings, mode="live")
    try:
        await container.migrator().apply(adopt_open=adopt_open)
    except StoreUnavailable as error:
        raise await why_not(container.postgres_fault(), "postgres_url", error) from error
