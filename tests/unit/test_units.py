"""systemd's units: systemd takes them, they are closed to attackers, and the engine has the time to drain."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from entrypoints.settings import Settings, unknown_variables

ROOT = Path(__file__).parents[2]
UNITS = sorted((ROOT / "ops/systemd").glob("*.service"))
ENVIRONMENTS = ROOT / "ops/systemd/env"
PROGRAM = "/opt/order-engine/.venv/bin/order-engine"
CLOSE_SECONDS = 5  # docs/production.md: what comes after LINGER_SECONDS and GRACE_SECONDS
MOST_EXPOSED = 2.0  # of 10, by systemd's own measure

named = pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)


def directives(unit: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in unit.read_text().splitlines():
        if re.match(r"[A-Z]\w*=", line):
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


def variables(*files: str) -> dict[str, str]:
    lines = "\n".join((ENVIRONMENTS / file).read_text() for file in files).splitlines()
    return dict(line.split("=", 1) for line in lines if re.match(r"[A-Z]", line))


@named
def test_a_unit_runs_a_command_with_the_environments_that_are_here(unit: Path) -> None:
    found = directives(unit)
    role = found["ExecStart"][0].removeprefix(f"{PROGRAM} ")
    assert unit.name.startswith(f"order-engine-{role}")
    assert found["EnvironmentFile"] == [f"/etc/order-engine/{name}.env" for name in ("engine", role)]
    assert found["User"] == ["order-engine"]
    [page] = found["Documentation"]
    assert (ROOT / page.removeprefix("file:/opt/order-engine/")).is_file()


@pytest.mark.parametrize("role", ["api", "worker", "operator", "migrate"])
def test_the_environments_are_good_settings(role: str) -> None:
    environment = variables("engine.env", f"{role}.env")
    assert unknown_variables(environment) == []
    settings = Settings.from_environment(environment)
    assert settings.insecure == ()
    user = "migrator" if role == "migrate" else role
    assert all(f"//order_engine_{user}:" in (url or user) for url in (settings.postgres_url, settings.redis_url) if url)


@pytest.mark.parametrize("name", ["order-engine-api.service", "order-engine-worker@.service"])
def test_it_comes_back_unless_a_setting_is_wrong_and_has_the_time_to_drain(name: str) -> None:
    found = directives(ROOT / "ops/systemd" / name)
    assert (found["Restart"], found["RestartPreventExitStatus"]) == (["always"], ["2"])
    given = dict(word.split("=", 1) for line in found["Environment"] for word in line.split())
    settings = Settings.from_environment({key: value for key, value in given.items() if "%" not in value})
    lingers = settings.linger_seconds if "api" in name else 0
    assert int(found["TimeoutStopSec"][0]) >= lingers + settings.grace_seconds + CLOSE_SECONDS
    assert found["KillMode"] == ["mixed"]  # SIGTERM is for the parent of `api --processes`


@named
def test_all_units_are_hardened_alike(unit: Path) -> None:
    def hardening(file: Path) -> str:
        return file.read_text().partition("# What an attacker")[2].partition("\n[Install]")[0].strip()

    assert hardening(unit) == hardening(UNITS[0]) != ""


@named
def test_systemd_takes_it(unit: Path, tmp_path: Path) -> None:
    """Where there is a systemd; elsewhere the tests above have to do."""
    if program := shutil.which("systemd-analyze"):
        copy = tmp_path / unit.name.replace("@", "@3001")
        copy.write_text(unit.read_text().replace(PROGRAM, "/bin/true"))
        verified = subprocess.run([program, "verify", copy], capture_output=True, text=True, check=False)
        assert (verified.returncode, verified.stderr) == (0, "")
        measured = subprocess.run(
            [program, "security", "--offline=yes", "--no-pager", copy],
            capture_output=True,
            text=True,
            check=False,
        )
        exposed = re.search(r"Overall exposure level .*: ([\d.]+)", measured.stdout)
        assert exposed, measured.stderr
        assert float(exposed[1]) <= MOST_EXPOSED
