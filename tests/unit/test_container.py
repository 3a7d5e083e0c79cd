"""The container builds every object, of both modes, without I/O."""

import pytest
from attrs import evolve
from dependency_injector import providers

from application.caller import ANYONE
from entrypoints.container import Container
from entrypoints.settings import Settings

SETTINGS = Settings(postgres_url="postgresql://user:pw@127.0.0.1:1/db", redis_url="redis://127.0.0.1:1/0")


@pytest.mark.parametrize("mode", ["memory", "live"])
async def test_every_provider_builds(mode: str) -> None:
    container = Container(settings=SETTINGS, mode=mode)
    built = {name: provider() for name, provider in container.providers.items()}
    assert {"store", "queue", "feed", "venues", "api", "worker", "recover"} <= set(built)
    assert built["store"] is built[f"{mode}_store"]
    assert built["submit"].store is built["store"]
    for resource in reversed(built["resources"]):
        await resource.close()


def test_each_container_has_its_own_objects() -> None:
    one, other = Container(settings=SETTINGS, mode="memory"), Container(settings=SETTINGS, mode="memory")
    assert one.store() is one.store()
    assert one.store() is not other.store()
    assert isinstance(Container.store, providers.Provider)


async def test_workers_and_operators_share_the_jobs_in_memory() -> None:
    container = Container(settings=SETTINGS, mode="memory")
    await container.queue().put(["a"])
    assert (await container.operate_queue().counts(ANYONE)).waiting == 1


def test_the_age_limit_reaches_the_orders() -> None:
    settings = evolve(SETTINGS, order_max_age_seconds=60.0)
    assert Container(settings=settings, mode="memory").execute().max_age_seconds == 60
