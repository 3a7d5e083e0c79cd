"""Whatever a machine's clock says, and whatever Postgres' does: orders go by Postgres' time, and go on."""

import time
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from adapters.postgres.order_store import PostgresOrderStore
from adapters.postgres.store_clock import PostgresStoreClock
from application.caller import ANYONE
from application.ports.errors import StoreUnavailable
from entrypoints.container import Container
from entrypoints.lifecycle import opened
from entrypoints.settings import Settings
from tests.builders import a_request
from tests.contracts.store_clock import StoreClockContract


@pytest.fixture
async def store(migrated_url: str) -> AsyncIterator[PostgresOrderStore]:
    store = PostgresOrderStore(migrated_url)
    await store.open()
    yield store
    await store.close()


class TestPostgresStoreClock(StoreClockContract):
    @pytest.fixture
    def store_clock(self, store: PostgresOrderStore) -> PostgresStoreClock:
        return PostgresStoreClock(store.health)


@pytest.mark.parametrize("hours", [-1, 1])
async def test_an_order_is_born_at_postgres_time_on_a_machine_whose_clock_is_wrong(
    store: PostgresOrderStore, migrated_url: str, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    right = time.time_ns
    monkeypatch.setattr("time.time_ns", lambda: right() + hours * 3_600_000_000_000)
    container = Container(settings=Settings(postgres_url=migrated_url, redis_url="redis://127.0.0.1:1/0"), mode="live")
    async with opened(*container.resources()):
        with pytest.raises(StoreUnavailable):  # as it is while a store comes back that was away at the start
            await container.submit()(ANYONE, a_request())
        await container.follow_clock()()
        admission = await container.submit()(ANYONE, a_request())
    order = await store.get(admission.order_id)
    assert order
    assert abs(order.created_at - order.updated_at) < timedelta(seconds=5)
