"""The wallets of the settings: whose orders each pays for, and what is wrong with them is told before any work."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.wallet import sealed as sealing
from adapters.wallet.key_file import new_key_file
from adapters.wallet.private_file import BadWallet
from adapters.wallet.wallets import OwnWallets, WalletPlaces
from application.ports.errors import SignerUnavailable
from tests.contracts.wallets import WalletsBench, WalletsContract
from tests.signing_machine import TOKEN, SigningMachine
from tests.wallets import PASSPHRASE, a_signer, key_file, private


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "COST", 2**14)


@pytest.fixture
async def machine() -> AsyncIterator[SigningMachine]:
    machine = SigningMachine({a_signer(3).public_key: a_signer(3)})
    async with machine.running():
        yield machine


def mapped(folder: Path, wallets: object) -> Path:
    return private(folder / "wallets.json", json.dumps(wallets))


class TestOwnWallets(WalletsContract):
    """A plain key pays for all; `anna` has a sealed one, `bert` a remote one."""

    @pytest.fixture
    async def bench(self, tmp_path: Path, machine: SigningMachine) -> AsyncIterator[WalletsBench]:
        annas = new_key_file(tmp_path / "annas.json", PASSPHRASE)
        places = WalletPlaces(
            for_all=str(key_file(tmp_path, 1)),
            mapping=mapped(tmp_path, {"anna": "annas.json", "bert": machine.place_of(a_signer(3))}),
            passphrase=private(tmp_path / "passphrase", PASSPHRASE),
            token=private(tmp_path / "token", f"{TOKEN}\n"),
        )
        wallets = OwnWallets(places)
        await wallets.open()
        yield WalletsBench(wallets, a_signer(1).public_key, {"anna": annas, "bert": a_signer(3).public_key})
        await wallets.close()

    @pytest.fixture
    async def mapped_only(self, tmp_path: Path) -> AsyncIterator[WalletsBench]:
        key_file(tmp_path, 2)
        wallets = OwnWallets(WalletPlaces(mapping=mapped(tmp_path, {"anna": "wallet-2.json"})))
        await wallets.open()
        yield WalletsBench(wallets, "", {"anna": a_signer(2).public_key})
        await wallets.close()


async def test_before_it_is_opened_and_after_it_is_closed_there_are_none(tmp_path: Path) -> None:
    wallets = OwnWallets(WalletPlaces(for_all=str(key_file(tmp_path))))
    for act in (wallets.close, wallets.open, wallets.close, wallets.close):
        await act()
        if act == wallets.open:
            assert wallets.of("anna").public_key == a_signer().public_key
            continue
        with pytest.raises(SignerUnavailable):
            wallets.of("anna")
        with pytest.raises(SignerUnavailable):
            wallets.named(a_signer().public_key)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{",
        b"null",
        b'{"anna": 1}',
        b'{"anna": ""}',
        b'{"anna": "a", "anna": "b"}',
        b"[" * 100_000,
        b"\xff",
    ],
)
async def test_a_mapping_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    wallets = OwnWallets(WalletPlaces(mapping=private(tmp_path / "wallets.json", content)))
    with pytest.raises(BadWallet, match=r"wallets\.json"):
        await wallets.open()


async def test_a_mapping_that_others_may_write_is_refused_and_what_it_names_is_looked_at(tmp_path: Path) -> None:
    mapping = mapped(tmp_path, {"anna": "none.json"})
    with pytest.raises(BadWallet, match=r"none.json cannot be read"):
        await OwnWallets(WalletPlaces(mapping=mapping)).open()
    mapping.chmod(0o622)
    with pytest.raises(BadWallet, match="they would choose who pays"):
        await OwnWallets(WalletPlaces(mapping=mapping)).open()


async def test_a_sealed_key_without_its_passphrase_is_refused(tmp_path: Path) -> None:
    new_key_file(tmp_path / "sealed.json", PASSPHRASE)
    place = str(tmp_path / "sealed.json")
    with pytest.raises(BadWallet, match="no passphrase file is given"):
        await OwnWallets(WalletPlaces(for_all=place)).open()
    other = private(tmp_path / "passphrase", b"another passphrase")
    with pytest.raises(BadWallet, match="does not open"):
        await OwnWallets(WalletPlaces(for_all=place, passphrase=other)).open()


@pytest.mark.parametrize("content", [b"", b"\n", b"two words", b"line\nbreak", "ü".encode(), b"\0"])
async def test_a_file_without_a_token_is_refused_and_not_shown(tmp_path: Path, content: bytes) -> None:
    places = WalletPlaces(for_all=f"https://signer.example/{a_signer().public_key}", token=tmp_path / "token")
    private(tmp_path / "token", content)
    with pytest.raises(BadWallet, match="holds no bearer token"):
        await OwnWallets(places).open()
