"""Folders and files that are one user's alone, and whatever others may have made of them before."""

import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from entrypoints.private_files import NotPrivate, make_file, make_folder

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
NOBODY = 65_534


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path.resolve()


@pytest.fixture(params=[0o000, 0o022, 0o077], ids=oct, autouse=True)
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_is_made_is_closed_to_others(place: Path) -> None:
    make_folder(place / "a" / "b")
    make_file(place / "a" / "b" / "file")
    assert [mode(place / name) for name in ("a", "a/b", "a/b/file")] == [0o700, 0o700, 0o600]
    make_folder(place / "a" / "b")
    (place / "a" / "b" / "file").write_text("kept")
    (place / "a" / "b" / "file").chmod(0o644)
    make_file(place / "a" / "b" / "file")
    assert mode(place / "a" / "b" / "file") == 0o600
    assert (place / "a" / "b" / "file").read_text() == "kept"


@pytest.mark.parametrize("opened", [0o777, 0o757, 0o1777])
def test_a_folder_that_others_may_write_is_refused(place: Path, opened: int) -> None:
    (place / "data").mkdir()
    (place / "data").chmod(opened)
    with pytest.raises(NotPrivate, match="others may write to"):
        make_folder(place / "data")


@pytest.mark.parametrize("below", ["data", "data/redis", "x/y/z"])
def test_a_parent_that_others_may_write_is_refused_unless_it_is_sticky(place: Path, below: str) -> None:
    place.chmod(0o777)
    with pytest.raises(NotPrivate, match="could replace what is in it"):
        make_folder(place / below)
    assert not (place / below).exists()
    place.chmod(0o1777)
    make_folder(place / below)


def test_no_link_is_followed(place: Path) -> None:
    (place / "elsewhere").mkdir()
    (place / "data").symlink_to(place / "elsewhere")
    (place / "file").symlink_to(place / "target")
    (place / "dangling").symlink_to(place / "nowhere")
    for link in ("data", "dangling"):
        with pytest.raises(OSError, match=r"is a link|exists"):
            make_folder(place / link)
    with pytest.raises(OSError, match="symbolic links"):
        make_file(place / "file")
    assert not (place / "target").exists()
    assert not (place / "nowhere").exists()


def test_a_link_above_is_as_safe_as_where_it_leads(place: Path) -> None:
    (place / "real").mkdir(mode=0o700)
    (place / "link").symlink_to(place / "real")
    make_folder(place / "link" / "data")
    (place / "real").chmod(0o777)
    with pytest.raises(NotPrivate, match="could replace"):
        make_folder(place / "link" / "other")


def test_what_is_no_file_is_none(place: Path) -> None:
    os.mkfifo(place / "pipe")
    with pytest.raises(NotPrivate):
        make_file(place / "pipe")


@as_root
def test_what_belongs_to_another_user_is_refused(place: Path) -> None:
    (place / "data").mkdir(mode=0o700)
    (place / "file").write_text("")
    for name in ("data", "file"):
        os.chown(place / name, NOBODY, NOBODY)
    with pytest.raises(NotPrivate, match="belongs to another user"):
        make_folder(place / "data")
    with pytest.raises(NotPrivate, match="another user"):
        make_file(place / "file")


@as_root
def test_a_parent_of_another_user_is_refused() -> None:
    """Not to root, who may work in a user's folder."""
    with tempfile.TemporaryDirectory() as name:
        theirs = Path(name).resolve()
        theirs.chmod(0o755)
        os.chown(theirs, 1, 1)
        make_folder(theirs / "roots")
        os.seteuid(NOBODY)
        try:
            with pytest.raises(NotPrivate, match="belongs to another user"):
                make_folder(theirs / "data")
        finally:
            os.seteuid(0)
