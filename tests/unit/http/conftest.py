"""A running API for a whole module, and for one test."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.api import Api, running_api


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def shared_api() -> AsyncIterator[Api]:
    """Run one API for a module whose tests leave nothing behind, or tell their own orders by user."""
    async with running_api() as api:
        yield api
