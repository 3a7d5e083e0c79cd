"""What gets installed is this repo's own code and exactly the pinned, hashed packages."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ["domain", "application", "adapters", "entrypoints", "simulators"]
LOCKS = ["requirements.lock", "requirements-dev.lock"]
PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)==([^ ;\\]+)", re.MULTILINE)


def pins(lock: str) -> dict[str, str]:
    return dict(PIN.findall((ROOT / lock).read_text()))


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


@pytest.mark.parametrize("package", PACKAGES)
def test_each_package_imports_from_this_repo(package: str, tmp_path: Path) -> None:
    """The names are common, so another distribution could shadow them: asked from elsewhere, as the script does."""
    asked = subprocess.run(
        [sys.executable, "-c", f"import {package}; print({package}.__file__)"],
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(asked.stdout.strip()) == ROOT / package / "__init__.py"


def test_the_project_can_never_be_uploaded(project: dict[str, Any]) -> None:
    assert project["project"]["name"] == "order-engine"
    assert "Private :: Do Not Upload" in project["project"]["classifiers"]


def test_only_these_packages_are_installed(project: dict[str, Any]) -> None:
    assert project["tool"]["setuptools"]["packages"]["find"]["include"] == [f"{package}*" for package in PACKAGES]


@pytest.mark.parametrize(("package", "knows"), [("domain", {"domain"}), ("application", {"domain", "application"})])
def test_the_core_imports_only_itself_the_standard_library_and_attrs(package: str, knows: set[str]) -> None:
    allowed = knows | {"attrs"} | sys.stdlib_module_names
    for file in (ROOT / package).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                assert {alias.name.partition(".")[0] for alias in node.names} <= allowed, file
            elif isinstance(node, ast.ImportFrom):
                assert node.module, f"{file}: no relative import"
                assert node.module.partition(".")[0] in allowed, file


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_index_and_no_path(lock: str) -> None:
    text = (ROOT / lock).read_text()
    for forbidden in ("://", "--index", "--extra-index", "--find-links", "--trusted-host", " @ ", "file:"):
        assert forbidden not in text


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_a_hash(lock: str) -> None:
    blocks = re.split(r"^(?=[a-z0-9])", (ROOT / lock).read_text(), flags=re.MULTILINE)[1:]
    assert len(blocks) == len(pins(lock))
    for block in blocks:
        assert "--hash=sha256:" in block


def test_the_dev_lock_holds_the_runtime_lock_pin_for_pin() -> None:
    runtime, dev = pins("requirements.lock"), pins("requirements-dev.lock")
    assert runtime.items() <= dev.items()


def test_the_locks_cover_the_project(project: dict[str, Any]) -> None:
    wanted = project["project"]["dependencies"] + project["project"]["optional-dependencies"]["local"]
    names = {re.split(r"[\[>=;]", requirement)[0].lower() for requirement in wanted}
    assert names <= set(pins("requirements.lock"))
    dev = {re.split(r"[\[>=;]", name)[0].lower() for name in project["project"]["optional-dependencies"]["dev"]}
    assert dev <= set(pins("requirements-dev.lock"))


def test_the_build_backend_is_pinned_so_that_installing_the_project_asks_no_index(project: dict[str, Any]) -> None:
    assert project["build-system"]["requires"] == project["dependency-groups"]["build"] == ["setuptools>=77"]
    assert "setuptools" in pins("requirements.lock")


def test_the_wheel_holds_every_file_that_the_code_reads(tmp_path: Path) -> None:
    build = f"import setuptools.build_meta as backend; backend.build_wheel({str(tmp_path)!r})"
    source = tmp_path / "source"
    for package in PACKAGES:
        shutil.copytree(ROOT / package, source / package, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    for name in ("pyproject.toml", "LICENSE"):
        (source / name).write_bytes((ROOT / name).read_bytes())
    subprocess.run([sys.executable, "-c", build], cwd=source, check=True, capture_output=True)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        held = set(wheel.namelist())
    for package in PACKAGES:
        wanted = {str(path.relative_to(source)) for path in (source / package).rglob("*") if path.is_file()}
        assert wanted <= held
