"""What private servers make of folders and data that they cannot use: a sentence with the remedy, and nothing lost."""

import os
from pathlib import Path

import pytest

from entrypoints.dev.servers import LocalPostgres, LocalRedis, LocalServer, LocalServerError, binaries, folder, server
from entrypoints.dev.servers.account import Account
from entrypoints.dev.servers.binaries import wheel_redis
from entrypoints.dev.servers.folder import is_free
from tests.kept import read, write


def test_a_file_in_place_of_the_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    for kind in (LocalPostgres, LocalRedis):
        with pytest.raises(LocalServerError, match=r"data can't be used as a data folder: Not a directory\."):
            kind(tmp_path / "data").start()


def test_a_folder_that_cannot_be_made_is_told() -> None:
    with pytest.raises(LocalServerError, match=r"/proc/engine can't be used as a data folder: "):
        LocalRedis(Path("/proc/engine")).start()


def test_data_of_another_postgres_version_is_told(server_dir: Path) -> None:
    (server_dir / "postgres/data").mkdir(parents=True)
    (server_dir / "postgres").chmod(0o711)
    (server_dir / "postgres/data/PG_VERSION").write_text("9\n")
    with pytest.raises(LocalServerError, match=r"was made by Postgres 9, and only Postgres \d+ was found"):
        LocalPostgres(server_dir / "postgres").start()


def test_data_that_is_no_postgres_is_told(server_dir: Path) -> None:
    (server_dir / "postgres/data").mkdir(parents=True)
    with pytest.raises(LocalServerError, match="holds no Postgres data"):
        LocalPostgres(server_dir / "postgres").start()


def test_a_lost_password_is_told(server_dir: Path) -> None:
    with LocalPostgres(server_dir / "postgres") as postgres:
        (server_dir / "postgres/password").unlink()
        postgres.stop()
        with pytest.raises(LocalServerError, match=r"password is gone"):
            postgres.start()


def test_data_that_was_left_half_made_is_made_again(server_dir: Path) -> None:
    (server_dir / "postgres/data.new").mkdir(parents=True)
    (server_dir / "postgres").chmod(0o711)
    (server_dir / "postgres/data.new/PG_VERSION").write_text("15\n")
    with LocalPostgres(server_dir / "postgres") as postgres:
        write(postgres.url)


def test_a_dead_servers_process_id_that_belongs_to_another_program_now_is_no_hindrance(server_dir: Path) -> None:
    with LocalPostgres(server_dir / "postgres") as postgres:
        note = server_dir / "postgres/data/postmaster.pid"
        told = note.read_text().splitlines()
        postgres.kill()
        note.write_text("\n".join([str(os.getpid()), *told[1:]]) + "\n")
        assert postgres.start()


def test_the_servers_own_reason_is_told(server_dir: Path) -> None:
    with pytest.raises(LocalServerError, match=r'did not start: .*invalid value for parameter "shared_buffers"'):
        LocalPostgres(server_dir / "postgres", options={"shared_buffers": "much"}).start()
    with pytest.raises(LocalServerError, match=r"did not start: .*argument must be a memory value"):
        LocalRedis(server_dir / "redis", options={"maxmemory": "much"}).start()


def program(folder: Path, text: str) -> Path:
    """Make a `redis-server` of this text, which calls itself 7.0.15."""
    path = folder / "bin/redis-server"
    path.parent.mkdir()
    path.parent.chmod(0o755)
    path.write_text(f'#!/bin/sh\n[ "$1" = --version ] && {{ echo "Redis server v=7.0.15"; exit; }}\n{text}\n')
    path.chmod(0o755)
    return path.parent


def test_a_redis_that_did_not_read_its_settings_is_ended_at_once(
    server_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = next(wheel_redis()).readable_by(Account.for_data(server_dir), server_dir / "copies").path
    monkeypatch.setenv("PATH", str(program(server_dir, f'exec "{real}" --bind 127.0.0.1 --port "$5"')))
    monkeypatch.setattr(binaries, "REDIS_FOLDERS", ())
    local = LocalRedis(server_dir / "redis", sources=("local",))
    with pytest.raises(LocalServerError, match="does not know the password"):
        local.start()
    assert local.pid is None
    assert is_free(int((server_dir / "redis/port").read_text()))


def test_data_that_one_program_cannot_read_goes_to_the_next(server_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with LocalRedis(server_dir / "redis", sources=("wheel",)) as newer:
        write(newer.url)
    monkeypatch.setenv("PATH", str(program(server_dir, 'echo "Can\'t handle RDB format version 80"; exit 1')))
    with LocalRedis(server_dir / "redis") as local:
        assert read(local.url) == "yes"
        assert "since another could not: Redis did not start: Can't handle RDB format version 80" in local.notice


def damage_redis(data: Path) -> None:
    for file in data.glob("appendonlydir/*"):
        file.write_bytes(b"no append-only file at all\n" * 10)


def test_redis_data_that_no_program_can_read_is_set_aside_and_said_to_be(server_dir: Path) -> None:
    with LocalRedis(server_dir / "redis") as local:
        for aside in ("data.unreadable", "data.unreadable-2"):
            write(local.url)
            local.stop()
            damage_redis(server_dir / "redis/data")
            local.start()
            assert read(local.url) == "None"
            assert f"its data could not be read and is in {server_dir / 'redis' / aside}." in local.notice
            assert [*(server_dir / "redis" / aside).iterdir()]


def test_redis_data_that_is_not_to_blame_stays_in_its_place(server_dir: Path) -> None:
    with LocalRedis(server_dir / "redis") as local:
        write(local.url)
    with pytest.raises(LocalServerError, match="argument must be a memory value"):
        LocalRedis(server_dir / "redis", options={"maxmemory": "much"}).start()
    assert not (server_dir / "redis/data.unreadable").exists()
    with LocalRedis(server_dir / "redis") as local:
        assert read(local.url) == "yes"


def contents(data: Path) -> dict[Path, bytes]:
    """Return all files but the note of who runs."""
    return {path: path.read_bytes() for path in data.rglob("*") if path.is_file() and path.name != "postmaster.pid"}


def test_damaged_postgres_data_is_left_as_it_is_and_the_remedy_told(server_dir: Path) -> None:
    data = server_dir / "postgres/data"
    with LocalPostgres(server_dir / "postgres") as local:
        write(local.url)
    (data / "global/pg_control").write_bytes(b"")
    before = contents(data)
    with pytest.raises(LocalServerError, match=r"did not start: .*pg_control.* left as they are: .*restore a backup"):
        local.start()
    assert contents(data) == before


def test_a_machine_without_servers_is_told_what_to_do(server_dir: Path) -> None:
    with pytest.raises(LocalServerError, match=r"install PostgreSQL .* or set ORDER_ENGINE_POSTGRES_URL"):
        LocalPostgres(server_dir / "postgres", sources=()).start()
    with pytest.raises(LocalServerError, match=r"install Redis .* or set ORDER_ENGINE_REDIS_URL"):
        LocalRedis(server_dir / "redis", sources=()).start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs servers as another user")
def test_as_root_data_and_wheels_that_are_closed_to_the_account_go_elsewhere(
    server_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (folder, server):
        monkeypatch.setattr(module, "SHARED", server_dir / "shared")
    tmp_path.chmod(0o700)
    for kind in (LocalPostgres, LocalRedis):
        with kind(tmp_path / kind.name) as local:
            assert str(server_dir / "shared") in local.notice
            assert tmp_path.stat().st_mode & 0o777 == 0o700
            assert local.pid
            assert Path(f"/proc/{local.pid}").stat().st_uid != 0
            write(local.url)
        with kind(tmp_path / kind.name) as local:
            assert read(local.url) == "yes"


@pytest.mark.parametrize("kind", [LocalPostgres, LocalRedis])
def test_a_folder_that_others_may_write_is_told(server_dir: Path, kind: type[LocalServer]) -> None:
    (server_dir / "own").mkdir(mode=0o711)
    (server_dir / "own").chmod(0o1777)
    with pytest.raises(LocalServerError, match=r"can't be used as a data folder: others may write to .*/own"):
        kind(server_dir / "own" / "server").start()


@pytest.mark.parametrize("name", ["data", "password", "port", "server.log", "lock"])
def test_no_link_in_the_folder_is_followed(server_dir: Path, name: str) -> None:
    (server_dir / "redis").mkdir(mode=0o711)
    (server_dir / "elsewhere").write_text("theirs")
    (server_dir / "redis" / name).symlink_to(server_dir / "elsewhere")
    with pytest.raises(LocalServerError, match=rf"/redis/{name} is a link"):
        LocalRedis(server_dir / "redis").start()
    assert (server_dir / "elsewhere").read_text() == "theirs"


@pytest.mark.parametrize("kind", [LocalPostgres, LocalRedis])
def test_what_a_server_writes_is_its_accounts_alone(server_dir: Path, kind: type[LocalServer]) -> None:
    before = os.umask(0)
    try:
        with kind(server_dir / "server") as local:
            write(local.url)
            made = [path for path in (server_dir / "server").rglob("*") if not path.is_socket()]
            assert {str(path): oct(path.stat().st_mode) for path in made if path.stat().st_mode & 0o077} == {}
    finally:
        os.umask(before)
