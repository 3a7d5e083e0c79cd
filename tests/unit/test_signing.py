"""Which process reads wallets' keys, and what is said of them: workers alone, and never a key."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from attrs import evolve
from solders.keypair import Keypair
from typer.testing import CliRunner, Result

from adapters.wallet import sealed as sealing
from application.ports.errors import SignerUnavailable
from entrypoints import core_dumps
from entrypoints.cli.app import app
from entrypoints.container import Container, wallets
from entrypoints.lifecycle import opened
from entrypoints.settings import Settings, SettingsError
from tests.wallets import PASSPHRASE, a_seed, a_signer, key_file, private

SETTINGS = Settings(postgres_url="postgresql://user:pw@127.0.0.1:1/db", redis_url="redis://127.0.0.1:1/0")
REMOTE = f"https://signer.example/wallets/{a_signer(3).public_key}"


@pytest.fixture(autouse=True)
def cheap_and_undisturbed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seal at a low cost, and let this process be as it is."""
    monkeypatch.setattr(sealing, "COST", 2**14)
    for module in (wallets, core_dumps):
        monkeypatch.setattr(module, "keep_out_of_dumps", lambda: None)


def call(*arguments: object, environment: Mapping[str, object] | None = None) -> Result:
    variables = {f"ORDER_ENGINE_{name}": str(value) for name, value in (environment or {}).items()}
    return CliRunner().invoke(app, [*map(str, arguments)], env=variables, prog_name="order-engine")


async def test_only_what_opens_its_wallets_signs(tmp_path: Path) -> None:
    container = Container(settings=evolve(SETTINGS, solana_wallet=str(key_file(tmp_path))), mode="memory")
    async with opened(*container.resources()):  # as the API does
        with pytest.raises(SignerUnavailable):
            container.wallets().of("anna")
    async with opened(container.signing(), *container.resources()):
        assert container.wallets().of("anna").public_key == a_signer().public_key
    with pytest.raises(SignerUnavailable):
        container.wallets().of("anna")


@pytest.mark.parametrize("process", ["api", "worker"])
def test_workers_open_them_and_the_api_does_not(process: str) -> None:
    text = (Path(__file__).parents[2] / "entrypoints" / f"{process}.py").read_text()
    assert ("container.signing()" in text) == (process == "worker")


async def test_what_is_wrong_with_a_wallet_ends_the_start(tmp_path: Path) -> None:
    path = key_file(tmp_path)
    path.chmod(0o644)
    container = Container(settings=evolve(SETTINGS, solana_wallet=str(path)), mode="memory")
    with pytest.raises(SettingsError, match=r"SOLANA_\*: .*must be a file that is its owner's alone"):
        await container.signing().open()


async def test_real_venues_without_a_wallet_end_the_start() -> None:
    settings = evolve(SETTINGS, venues=(("Raydium", "raydium:http://127.0.0.1:1/raydium"),))
    with pytest.raises(SettingsError, match=r"ORDER_ENGINE_SOLANA_WALLET, .* must be set for Raydium"):
        await Container(settings=settings, mode="memory").signing().open()


def test_an_engine_without_real_venues_loads_nothing_of_them() -> None:
    script = """
import asyncio, sys
from entrypoints.container import Container
from entrypoints.settings import Settings
from entrypoints.lifecycle import opened
from entrypoints import api, worker
container = Container(settings=Settings(), mode="memory")
async def run():
    async with opened(container.signing(), *container.resources()):
        container.api(); container.worker(); container.execute()
asyncio.run(run())
print(sorted(name for name in sys.modules if name.startswith(("solders", "adapters.solana.", "adapters.wallet."))))
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ended.stdout == "['adapters.wallet.private_file']\n"


@pytest.mark.parametrize(
    "value",
    [
        Keypair.from_seed(a_seed()).to_json(),
        Keypair.from_seed(a_seed()).to_json().strip("[]"),
        str(Keypair.from_seed(b"\xff" * 32)),
        b"\xff".hex() * 32,
    ],
)
def test_a_key_in_a_setting_is_refused_and_not_shown(value: str) -> None:
    ended = call("check-config", environment={"SOLANA_WALLET": value})
    assert ended.exit_code == 2
    assert "a key has no place here" in ended.stderr
    assert value[:20] not in ended.output


def test_a_new_wallet_is_plain_or_sealed_and_shown_without_its_key(tmp_path: Path) -> None:
    passphrase = private(tmp_path / "passphrase", PASSPHRASE)
    made = call("wallet", "new", tmp_path / "plain.json", "--json")
    address = json.loads(made.stdout)["address"]
    sealed = call("wallet", "new", tmp_path / "sealed.json", environment={"SOLANA_PASSPHRASE_FILE": passphrase})
    assert (made.exit_code, sealed.exit_code) == (0, 0)
    shown = call("wallet", "show", tmp_path / "plain.json", "--json")
    assert json.loads(shown.stdout)[0] == {
        "address": address,
        "kind": "plain",
        "place": str(tmp_path / "plain.json"),
        "users": [],
        "forAll": False,
    }
    assert json.loads(call("wallet", "show", tmp_path / "sealed.json", "--json").stdout)[0]["kind"] == "sealed"
    key = json.loads((tmp_path / "plain.json").read_text())
    assert not any(str(key[:8])[1:-1] in ended.output for ended in (made, shown))
    again = call("wallet", "new", tmp_path / "plain.json")
    assert (again.exit_code, "cannot be made" in again.stderr) == (1, True)


def test_sealing_leaves_the_plain_file_and_says_so(tmp_path: Path) -> None:
    plain, target = key_file(tmp_path), tmp_path / "sealed.json"
    passphrase = private(tmp_path / "passphrase", PASSPHRASE)
    assert call("wallet", "seal", plain, target).exit_code == 2
    sealed = call("wallet", "seal", plain, target, "--passphrase-file", passphrase)
    assert (sealed.exit_code, sealed.stdout.strip()) == (0, a_signer().public_key)
    assert "still holds the key in the open" in sealed.stderr
    refused = call("wallet", "seal", target, tmp_path / "twice.json", "--passphrase-file", passphrase)
    assert (refused.exit_code, "is sealed already" in refused.stderr) == (1, True)


@pytest.mark.parametrize("command", ["new", "show"])
def test_a_command_that_has_a_key_leaves_no_core_dump(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    kept: list[bool] = []
    path = tmp_path / "new.json" if command == "new" else key_file(tmp_path)
    monkeypatch.setattr(core_dumps, "keep_out_of_dumps", lambda: kept.append((tmp_path / "new.json").exists()))
    assert call("wallet", command, path).exit_code == 0
    assert kept == [False]


def test_all_wallets_of_the_settings_are_shown_with_whom_they_pay_for(tmp_path: Path) -> None:
    key_file(tmp_path, 2)
    mapping = private(tmp_path / "users.json", json.dumps({"anna": "wallet-2.json", "bert": REMOTE, "carl": REMOTE}))
    environment = {"SOLANA_WALLET": key_file(tmp_path, 1), "SOLANA_WALLETS_FILE": mapping}
    shown = json.loads(call("wallet", "show", "--json", environment=environment).stdout)
    assert [(wallet["address"], wallet["kind"], wallet["users"], wallet["forAll"]) for wallet in shown] == [
        (a_signer(1).public_key, "plain", [], True),
        (a_signer(2).public_key, "plain", ["anna"], False),
        (a_signer(3).public_key, "remote", ["bert", "carl"], False),
    ]
    table = call("wallet", "show", environment=environment).stdout
    assert "bert, carl" in table
    assert call("wallet", "show").stdout == "No wallet is set: see ORDER_ENGINE_SOLANA_WALLET.\n"


def test_check_config_opens_each_wallet_as_a_worker_would(tmp_path: Path) -> None:
    call("wallet", "new", tmp_path / "sealed.json", "--passphrase-file", private(tmp_path / "pass", PASSPHRASE))
    environment = {"SOLANA_WALLET": tmp_path / "sealed.json", "SOLANA_PASSPHRASE_FILE": tmp_path / "pass"}
    good = call("check-config", environment=environment)
    assert (good.exit_code, PASSPHRASE.decode() in good.output) == (0, False)
    private(tmp_path / "pass", "another passphrase")
    bad = call("check-config", environment=environment)
    assert (bad.exit_code, "does not open" in bad.stderr, "another" in bad.output) == (2, True, False)
