"""Brings the database up to date, once, before anything else uses it."""

import asyncio

from entrypoints.container import Container
from entrypoints.settings import Settings, require_urls


def run(settings: Settings, *, adopt_open: bool) -> None:
    """Apply what is missing; with `adopt_open` also release unfinished orders of a table made by hand."""
    require_urls(settings, "postgres_url")
    asyncio.run(migrate(settings, adopt_open=adopt_open))


async def migrate(settings: Settings, *, adopt_open: bool = False) -> None:
    """Apply what is missing. Raises StoreUnavailable, MigrationError."""
    await Container(settings=settings, mode="live").migrator().apply(adopt_open=adopt_open)
