"""The pepper: made once, read only when it is nobody else's to read."""

import stat
from pathlib import Path

import pytest

from entrypoints.key_pepper import make_pepper, read_pepper
from entrypoints.settings import SettingsError


def test_it_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "pepper"
    assert make_pepper(path)
    first = read_pepper(path)
    assert not make_pepper(path)
    assert (read_pepper(path), len(first), stat.S_IMODE(path.stat().st_mode)) == (first, 64, 0o600)
    assert make_pepper(tmp_path / "other")
    assert read_pepper(tmp_path / "other") != first


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o660, 0o777])
def test_one_that_others_may_read_or_write_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "pepper"
    make_pepper(path)
    path.chmod(mode)
    with pytest.raises(SettingsError, match="ORDER_ENGINE_KEY_PEPPER_FILE must be a file that is its owner's alone"):
        read_pepper(path)


@pytest.mark.parametrize("content", [b"", b"x" * 31, b" " * 64 + b"\n", b"x" * 5000])
def test_one_that_is_too_short_or_no_secret_at_all_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "pepper"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(SettingsError, match="must hold 32 to 4096 bytes"):
        read_pepper(path)


def test_without_a_file_there_is_a_sentence(tmp_path: Path) -> None:
    for path in (None, tmp_path / "none", tmp_path):
        with pytest.raises(SettingsError, match="ORDER_ENGINE_KEY_PEPPER_FILE"):
            read_pepper(path)
    with pytest.raises(SettingsError, match="cannot be made"):
        make_pepper(tmp_path / "none" / "pepper")


def test_no_link_is_followed_when_it_is_made(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    assert not make_pepper(tmp_path / "link")
    assert not (tmp_path / "elsewhere").exists()
