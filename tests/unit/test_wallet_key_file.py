"""Key files, plain and sealed: who may read them, what is none, and what a sealed one gives away."""

import json
import os
import re
import stat
from pathlib import Path

import pytest
from solders.keypair import Keypair

from adapters.wallet import sealed as sealing
from adapters.wallet.key_file import KeyFile, new_key_file, read_passphrase, seal_key_file
from adapters.wallet.private_file import BadWallet
from tests.wallets import PASSPHRASE, a_seed, a_signer, key_file, private

LOW_COST = 2**14


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "COST", LOW_COST)


async def test_what_the_chains_keygen_writes_is_read(tmp_path: Path) -> None:
    signer = KeyFile.read(key_file(tmp_path)).signer(None)
    assert await signer.sign(b"message") == bytes(Keypair.from_seed(a_seed()).sign_message(b"message"))


def test_a_new_one_is_what_the_chains_keygen_writes(tmp_path: Path) -> None:
    path = tmp_path / "new.json"
    address = new_key_file(path, None)
    assert str(Keypair.from_json(path.read_text()).pubkey()) == address == KeyFile.read(path).address
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert new_key_file(tmp_path / "other.json", None) != address


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o660, 0o777])
def test_one_that_others_may_read_or_write_is_refused(tmp_path: Path, mode: int) -> None:
    path = key_file(tmp_path)
    path.chmod(mode)
    with pytest.raises(BadWallet, match="must be a file that is its owner's alone"):
        KeyFile.read(path)
    passphrase = private(tmp_path / "passphrase", PASSPHRASE)
    passphrase.chmod(mode)
    with pytest.raises(BadWallet, match="must be a file that is its owner's alone"):
        read_passphrase(passphrase)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_one_of_another_user_is_refused(tmp_path: Path) -> None:
    path = key_file(tmp_path)
    os.chown(path, 12345, -1)
    with pytest.raises(BadWallet, match="the owner this user or root"):
        KeyFile.read(path)


def test_what_is_no_file_is_refused_and_waited_for_by_nobody(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    for path in (tmp_path / "pipe", tmp_path, Path("/dev/null"), tmp_path / "none", Path("/\0")):
        with pytest.raises(BadWallet):
            KeyFile.read(path)


KEY = list(bytes(Keypair.from_seed(a_seed())))
BAD = [
    b"",
    b"{}",
    b"[]",
    b"null",
    b"\xff\xfe",
    json.dumps(KEY[:63]).encode(),
    json.dumps([*KEY, 1]).encode(),
    json.dumps([256, *KEY[1:]]).encode(),
    json.dumps([-1, *KEY[1:]]).encode(),
    json.dumps([1.0, *KEY[1:]]).encode(),
    json.dumps({"key": KEY}).encode(),
    str(Keypair.from_seed(a_seed())).encode(),
    json.dumps(KEY).encode() + b" " * 5000,
]


@pytest.mark.parametrize("content", BAD, ids=range(len(BAD)))
def test_what_is_no_key_is_refused_without_a_word_of_it(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(BadWallet) as refused:
        KeyFile.read(private(tmp_path / "key.json", content))
    error: BaseException | None = refused.value
    while error is not None:  # nor do the errors below it, which a debugger or a log might show
        assert not any(secret in repr(error) + repr(vars(error)) for secret in ("[0, 0, 0", str(KEY[40:44])[1:-1]))
        error = error.__cause__ or error.__context__


def test_a_secret_half_with_anothers_public_half_is_refused(tmp_path: Path) -> None:
    mixed = [*bytes(Keypair.from_seed(a_seed(1)))[:32], *bytes(Keypair.from_seed(a_seed(2)))[32:]]
    with pytest.raises(BadWallet, match="its public half is not of its secret one"):
        KeyFile.read(private(tmp_path / "key.json", json.dumps(mixed)))


async def test_a_sealed_key_opens_with_its_passphrase_alone(tmp_path: Path) -> None:
    target = tmp_path / "sealed.json"
    address = seal_key_file(key_file(tmp_path), target, PASSPHRASE)
    found = KeyFile.read(target)
    assert (address, found.address, found.seed) == (a_signer().public_key, address, None)
    assert found.signer(PASSPHRASE).public_key == address
    for wrong in (None, b"", PASSPHRASE + b" ", PASSPHRASE[:-1]):
        with pytest.raises(BadWallet, match=r"no passphrase file is given|does not open"):
            found.signer(wrong)


def test_a_sealed_file_has_nothing_of_the_key_and_its_text_neither(tmp_path: Path) -> None:
    target, seed = tmp_path / "sealed.json", os.urandom(32)
    plain = private(tmp_path / "plain.json", Keypair.from_seed(seed).to_json())
    seal_key_file(plain, target, PASSPHRASE)
    content = target.read_bytes()
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    for form in (seed, seed.hex().encode(), json.dumps(list(seed[:8]))[1:-1].encode(), PASSPHRASE):
        assert form not in content
    assert plain.exists()
    for read in (KeyFile.read(target), KeyFile.read(plain)):
        assert not re.search(r"seed=|sealed=|b'", repr(read))


def test_whatever_of_a_sealed_file_is_changed_it_does_not_open(tmp_path: Path) -> None:
    new_key_file(tmp_path / "sealed.json", PASSPHRASE)
    written = json.loads((tmp_path / "sealed.json").read_text())
    changes = {
        "address": a_signer(2).public_key,
        "cost": LOW_COST * 2,
        "salt": "AAAAAAAAAAAAAAAAAAAAAA==",
        "nonce": "AAAAAAAAAAAAAAAA",
        "sealed": written["sealed"][::-1].lstrip("="),
        "format": "order-engine-sealed-key-2",
    }
    assert set(changes) == set(written)
    for name, value in changes.items():
        path = private(tmp_path / name, json.dumps({**written, name: value}))
        with pytest.raises(BadWallet, match=r"does not open|no sealed key"):
            KeyFile.read(path).signer(PASSPHRASE)


@pytest.mark.parametrize("cost", [0, 1, 2**13, 2**14 + 1, 2**21, 2**62])
def test_a_cost_that_is_too_low_or_would_take_all_memory_is_refused(tmp_path: Path, cost: int) -> None:
    new_key_file(tmp_path / "sealed.json", PASSPHRASE)
    written = json.loads((tmp_path / "sealed.json").read_text())
    with pytest.raises(BadWallet, match="no sealed key"):
        KeyFile.read(private(tmp_path / "costly.json", json.dumps({**written, "cost": cost})))


def test_no_file_is_ever_written_over(tmp_path: Path) -> None:
    plain, content = key_file(tmp_path), key_file(tmp_path).read_bytes()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for target in (plain, tmp_path / "link", tmp_path / "none" / "key.json", tmp_path):
        with pytest.raises(BadWallet, match="cannot be made"):
            new_key_file(target, None)
        with pytest.raises(BadWallet, match="cannot be made"):
            seal_key_file(plain, target, PASSPHRASE)
    assert plain.read_bytes() == content
    assert not (tmp_path / "elsewhere").exists()


def test_a_sealed_key_is_not_sealed_again(tmp_path: Path) -> None:
    new_key_file(tmp_path / "sealed.json", PASSPHRASE)
    with pytest.raises(BadWallet, match="is sealed already"):
        seal_key_file(tmp_path / "sealed.json", tmp_path / "again.json", PASSPHRASE)


def test_a_passphrase_is_a_files_content_without_its_last_line_break(tmp_path: Path) -> None:
    assert read_passphrase(private(tmp_path / "one", PASSPHRASE + b"\r\n")) == PASSPHRASE
    assert read_passphrase(private(tmp_path / "two", b" " + PASSPHRASE + b" ")) == b" " + PASSPHRASE + b" "
    for short in (b"", b"\n" * 20, b"eleven byte"):
        with pytest.raises(BadWallet, match="12 bytes or more"):
            read_passphrase(private(tmp_path / "short", short))
