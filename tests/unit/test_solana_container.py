"""Real venues by the settings: which they are, what they share, and which URLs and keys will not do."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from attrs import frozen

from adapters.solana.swap_venue import SolanaVenue
from entrypoints.container import Container
from entrypoints.settings import Settings, SettingsError

NODES = "http://localhost:3004/rpc/a,http://localhost:3004/rpc/b"


@frozen
class Made:
    """What the settings make of a URL."""

    folder: Path

    def venues(self, urls: str, **more: str) -> tuple[object, ...]:
        settings = {"VENUES": urls, "SOLANA_RPC_URLS": NODES, "TOKEN_LIST": "solana-mainnet", **more}
        environ: Mapping[str, str] = {f"ORDER_ENGINE_{name}": value for name, value in settings.items()}
        return Container(settings=Settings.from_environment(environ), mode="memory").each_venue()

    def mistake(self, urls: str, **more: str) -> str:
        with pytest.raises(SettingsError) as caught:
            self.venues(urls, **more)
        return str(caught.value)


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return Made(tmp_path)


def test_real_venues_stand_beside_others(made: Made) -> None:
    urls = "Raydium=raydium:,Meteora=jupiter:http://localhost:3004/jupiter/swap/v2?dex=Meteora+DLMM&dex=Meteora+DAMM+v2"
    venues = made.venues(f"{urls},Orca=http://localhost:3002/Orca,Jupiter=jupiter:")
    assert [venue.name for venue in venues] == ["Raydium", "Meteora", "Orca", "Jupiter"]  # type: ignore[attr-defined]
    assert [isinstance(venue, SolanaVenue) for venue in venues] == [True, True, False, True]


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("jupiter:?dexes=Orca", "may only say \\?dex="),
        ("jupiter:?dex=", "may only say \\?dex="),
        ("raydium:?dex=Raydium", "must not have a query"),
        ("raydium:localhost", "must be a URL"),
        ("jupiter:ftp://localhost", "must be a URL"),
        ("raydium:http://", "must have a host"),
        ("orca:", "must be one of: mock, http, https, jupiter, raydium"),
    ],
)
def test_urls_that_are_none_are_refused(made: Made, url: str, why: str) -> None:
    with pytest.raises(SettingsError, match=f"ORDER_ENGINE_VENUES.*{why}"):
        made.venues(f"Venue={url}")


def test_jupiters_key_is_read_from_a_file_that_is_closed_to_others(made: Made) -> None:
    key = made.folder / "key"
    for content, mode, why in [(b"hunter2\n", 0o644, "chmod 600"), (b"\n", 0o600, "no key"), (b"a b", 0o600, "no key")]:
        key.write_bytes(content)
        key.chmod(mode)
        told = made.mistake("Jupiter=jupiter:", JUPITER_API_KEY_FILE=str(key))
        assert "ORDER_ENGINE_JUPITER_API_KEY_FILE" in told
        assert why in told
        assert "hunter2" not in told
    key.write_bytes(b"hunter2\n")
    assert made.venues("Jupiter=jupiter:", JUPITER_API_KEY_FILE=str(key))


def test_who_has_no_real_venue_loads_nothing_of_the_chain() -> None:
    program = (
        "import sys; from entrypoints.container import Container; from entrypoints.settings import Settings\n"
        "c = Container(settings=Settings(), mode='memory'); c.each_venue(); c.venue_resources(); c.execute()\n"
        "print([name for name in sys.modules if name.startswith(('solders', 'adapters.solana', 'simulators'))])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
