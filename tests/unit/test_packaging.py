"""What gets installed is this repo's own code and exactly the pinned, hashed packages."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import metadata
from pathlib import Path
from typing import Any

import pytest

import order_engine_client

ROOT = Path(__file__).parents[2]
PACKAGES = ["domain", "application", "adapters", "entrypoints", "simulators"]
CLIENT = ROOT / "clients" / "python"
LOCKS = ["requirements.lock", "requirements-dev.lock"]
PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)==([^ ;\\]+)", re.MULTILINE)


def pins(lock: str) -> dict[str, str]:
    return dict(PIN.findall((ROOT / lock).read_text()))


def project_of(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "pyproject.toml").read_text())


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return project_of(ROOT)


@pytest.mark.parametrize(
    ("package", "folder"), [*((package, ROOT) for package in PACKAGES), ("order_engine_client", CLIENT / "src")]
)
def test_each_package_imports_from_this_repo(package: str, folder: Path, tmp_path: Path) -> None:
    """The names are common, so another distribution could shadow them: asked from elsewhere, as the script does."""
    asked = subprocess.run(
        [sys.executable, "-c", f"import {package}; print({package}.__file__)"],
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(asked.stdout.strip()) == folder / package / "__init__.py"


@pytest.mark.parametrize(("folder", "name"), [(ROOT, "order-engine"), (CLIENT, "order-engine-client")])
def test_no_project_can_ever_be_uploaded(folder: Path, name: str) -> None:
    project = project_of(folder)["project"]
    assert project["name"] == name
    assert "Private :: Do Not Upload" in project["classifiers"]


def test_the_client_has_the_engines_version_and_needs_nothing_that_the_engine_has_not(project: dict[str, Any]) -> None:
    assert order_engine_client.__version__ == project["project"]["version"]
    assert metadata("order-engine-client")["Version"] == project["project"]["version"]
    assert set(project_of(CLIENT)["project"]["dependencies"]) <= set(project["project"]["dependencies"])


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


@pytest.mark.parametrize(
    ("project_folder", "files", "code", "packages"),
    [
        (ROOT, ["pyproject.toml", "LICENSE"], ".", PACKAGES),
        (CLIENT, ["pyproject.toml", "README.md"], "src", ["order_engine_client"]),
    ],
    ids=["engine", "client"],
)
def test_the_wheel_holds_every_file_that_the_code_reads(
    project_folder: Path, files: list[str], code: str, packages: list[str], tmp_path: Path
) -> None:
    build = f"import setuptools.build_meta as backend; backend.build_wheel({str(tmp_path)!r})"
    source = tmp_path / "source"
    for package in packages:
        place = Path(code) / package
        shutil.copytree(project_folder / place, source / place, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    for name in files:
        (source / name).write_bytes((project_folder / name).read_bytes())
    subprocess.run([sys.executable, "-c", build], cwd=source, check=True, capture_output=True)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        held = set(wheel.namelist())
    for package in packages:
        found = (path for path in (source / code / package).rglob("*") if path.is_file())
        assert {str(path.relative_to(source / code)) for path in found} <= held
