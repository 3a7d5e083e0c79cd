"""The container builds every object, of both modes, without I/O."""

from pathlib import Path

import pytest
from attrs import evolve
from dependency_injector import providers

from adapters.token_list.registry import SHIPPED
from application.caller import ANYONE
from entrypoints.container import Container
from entrypoints.container.venues import VENUE_KINDS
from entrypoints.settings import Settings, SettingsError
from entrypoints.solana_settings import REAL_VENUES

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
    assert (await container.query_queue().counts(ANYONE)).waiting == 1


def test_the_age_limit_reaches_the_orders() -> None:
    settings = evolve(SETTINGS, order_max_age_seconds=60.0)
    assert Container(settings=settings, mode="memory").execute().max_age_seconds == 60


@pytest.mark.parametrize("name", ["solana-mainnet", "file"])
def test_a_token_list_reaches_submitting_cancelling_and_the_api(name: str, tmp_path: Path) -> None:
    path = Path(name) if name != "file" else tmp_path / "tokens.json"
    if name == "file":
        path.write_bytes(SHIPPED.read_bytes())
    container = Container(settings=evolve(SETTINGS, token_list=path), mode="memory")
    tokens = container.tokens()
    assert tokens is not None
    assert tokens.find("sol").decimals == 9
    assert container.submit().tokens is container.cancel_all().tokens is container.tokens()
    assert (container.token_file() is not None) == (name == "file")


def test_a_token_list_that_is_none_is_a_mistake_of_the_settings(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="ORDER_ENGINE_TOKEN_LIST cannot be read: No such file"):
        Container(settings=evolve(SETTINGS, token_list=tmp_path / "none"), mode="memory").tokens()


def test_a_venues_scheme_picks_its_adapter_and_kinds_can_be_mixed() -> None:
    named = (("Raydium", "mock:"), ("Orca", "http://orca"), ("Meteora", "https://meteora/v1"))
    venues = Container(settings=evolve(SETTINGS, venues=named), mode="live").venues()
    assert venues.names == ("Raydium", "Orca", "Meteora")
    assert [type(venue).__name__ for venue in venues.venues] == ["MockVenue", "HttpVenue", "HttpVenue"]


def test_without_named_venues_there_are_the_two_mock_ones() -> None:
    venues = Container(settings=SETTINGS, mode="live").venues()
    assert venues.names == ("Raydium", "Meteora")
    assert {type(venue).__name__ for venue in venues.venues} == {"MockVenue"}


@pytest.mark.parametrize(
    ("url", "why"),
    [("ftp://a", f"must be one of: {', '.join((*VENUE_KINDS, *REAL_VENUES))}, not ftp"), ("mock:x", "Orca")],
)
def test_a_venue_of_no_known_kind_is_a_mistake_of_the_settings(url: str, why: str) -> None:
    with pytest.raises(SettingsError, match=why):
        Container(settings=evolve(SETTINGS, venues=(("Orca", url),)), mode="live").venues()
