"""Commands in odd surroundings: what the environment names for every program, standard streams that lead nowhere."""

import os
import pty
import subprocess
from pathlib import Path

import pytest

from entrypoints.cli.ending import NO_ENGINE, NOT_WRITTEN, WRONG_USAGE
from tests.processes import COMMAND, ended, free_port

ROOT = Path(__file__).parents[2]
ELSEWHERE = "https://engine.invalid"


def run(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    proxies = {name for name in os.environ if name.lower().endswith("_proxy")}
    inherited = {name: value for name, value in os.environ.items() if name not in proxies}
    return ended(*arguments, environment={**inherited, **environment})


def in_shell(words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["/bin/bash", "-c", f'set -o pipefail; "$0" {words}', COMMAND], capture_output=True, text=True
    )


@pytest.mark.parametrize(
    "given",
    [
        {"HTTPS_PROXY": "ftp://u:hunter2@proxy:1"},
        {"https_proxy": "socks5://127.0.0.1:1"},
        {"HTTPS_PROXY": "http://[::1"},
        {"ALL_PROXY": "nonsense://u:hunter2@x"},
        {"NO_PROXY": "[::"},
        {"SSL_CERT_FILE": "/nowhere/hunter2"},
        {"SSL_CERT_FILE": "/etc/hostname"},
        {"SSLKEYLOGFILE": "/nowhere/keys"},
    ],
    ids=str,
)
def test_an_environment_that_cannot_be_obeyed_is_one_sentence(given: dict[str, str]) -> None:
    for command in ("orders list", "load"):
        done = run(*command.split(), "--url", ELSEWHERE, **given)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (WRONG_USAGE, "", 1), done.stderr
        assert next(iter(given)) in done.stderr
        assert "hunter2" not in done.stderr


@pytest.mark.parametrize("url", ["ftp://h/x", "http://", "http://h:99999", "http://[::1", "http://a..b", "http://a b"])
def test_an_address_that_is_none_is_wrong_usage(url: str) -> None:
    done = run("orders", "list", ORDER_ENGINE_URL=url, COLUMNS="200")
    assert done.returncode == WRONG_USAGE
    assert "the address of" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_scheme_in_capitals_is_the_same_scheme() -> None:
    done = run("orders", "list", ORDER_ENGINE_URL=f"HTTP://127.0.0.1:{free_port()}")
    assert done.returncode == NO_ENGINE
    assert "No engine answers at http://127.0.0.1" in done.stderr


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
def test_closed_streams_change_no_exit_code(closed: str) -> None:
    assert in_shell(f"check-config {closed}").returncode == 0
    assert in_shell(f"orders list --url http://127.0.0.1:{free_port()} {closed}").returncode == NO_ENGINE


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_an_answer_that_cannot_be_written_is_one_sentence_and_a_code_of_its_own() -> None:
    for command in ("check-config", "--help"):
        done = in_shell(f"{command} >/dev/full")
        assert (done.returncode, done.stderr.count("\n")) == (NOT_WRITTEN, 1), done.stderr
        assert done.stderr.startswith("The answer could not be written: ")
        assert in_shell(f"{command} >/dev/full 2>/dev/full").returncode == NOT_WRITTEN
    assert in_shell(f"orders list --url http://127.0.0.1:{free_port()} 2>/dev/full").returncode == NO_ENGINE


def test_a_reader_that_leaves_early_is_no_trouble() -> None:
    for command in ("check-config", "--help"):
        for reader in ("head -1", "true"):
            assert in_shell(f"{command} | {reader}").stderr == ""


INSTALLER = """#!/bin/sh
case "$*" in
    *lock.txt*) printf '%s\\n' "WARNING: noise" "Collecting a==1" "Requirement already satisfied: b==2" "{says}"
        exit {code} ;;
esac
"""


@pytest.mark.parametrize(("says", "code"), [("Installing collected packages: a", 0), ("ERROR: no such thing", 1)])
def test_who_waits_at_a_terminal_sees_how_far_the_installation_is(tmp_path: Path, says: str, code: int) -> None:
    copy = a_copy(tmp_path)
    (copy / "requirements.lock").write_text("a==1\nb==2\n")
    python = copy / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(INSTALLER.format(says=says, code=code))
    python.chmod(0o755)
    ours, theirs = pty.openpty()
    script = ["/bin/sh", str(copy / "scripts/make-venv"), "requirements.lock"]
    assert subprocess.run(script, stdout=theirs, stderr=theirs).returncode == code
    os.close(theirs)
    drawn = os.read(ours, 65536).decode()
    os.close(ours)
    assert "make-venv: package 1 of 2: a==1" in drawn
    assert "make-venv: package 2 of 2: b==2" in drawn
    assert "noise" not in drawn
    assert (says in drawn) == (code != 0)


def a_copy(folder: Path) -> Path:
    """Return a checkout with what make-venv needs, in a folder with an awkward name."""
    copy = folder / "checkout [1]"
    for part in ("scripts", "clients/python"):
        (copy / part).mkdir(parents=True)
    for file in ("scripts/make-venv", "requirements.lock", "pyproject.toml", "clients/python/pyproject.toml"):
        (copy / file).write_bytes((ROOT / file).read_bytes())
    return copy


def test_a_virtual_environment_is_made_whatever_is_set_for_other_pythons(tmp_path: Path) -> None:
    python, seen = tmp_path / "python", tmp_path / "seen"
    python.write_text(f"#!/bin/sh\nenv > {seen}\nexit 1\n")
    python.chmod(0o755)
    given = {"PIP_USER": "1", "PIP_TARGET": "/nowhere", "PYTHONHOME": "/nowhere", "PYTHONWARNINGS": "error"}
    place = {"PIP_INDEX_URL": "https://packages.invalid"}
    copy = a_copy(tmp_path)
    script = ["/bin/sh", str(copy / "scripts/make-venv"), "requirements.lock"]
    done = subprocess.run(script, env={**os.environ, **given, **place, "PYTHON": str(python)}, capture_output=True)
    assert b"Python 3.11 to 3.14 is needed" in done.stderr
    lines = seen.read_text().splitlines()
    assert "PIP_USER=0" in lines
    assert "PIP_INDEX_URL=https://packages.invalid" in lines
    assert not [line for line in lines if line.startswith(("PIP_TARGET", "PYTHONHOME", "PYTHONWARNINGS"))]
