"""The bill of materials has all that is pinned, in the form that readers of CycloneDX 1.6 require."""

import json
import re
import tomllib
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "requirements.lock").read_text()
PINS = dict(re.findall(r"^([a-z0-9][a-z0-9._-]*)==([^ ;\\]+)", LOCK, re.MULTILINE))


@pytest.fixture(scope="module")
def bill(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    spec = spec_from_file_location("sbom", ROOT / "scripts" / "sbom.py")
    assert spec is not None
    assert spec.loader is not None
    script = module_from_spec(spec)
    spec.loader.exec_module(script)
    target = tmp_path_factory.mktemp("build") / "deeper" / "sbom.cdx.json"
    script.main(target)
    found: dict[str, Any] = json.loads(target.read_text())
    return found


def test_it_is_cyclonedx(bill: dict[str, Any]) -> None:
    assert (bill["bomFormat"], bill["specVersion"], bill["version"]) == ("CycloneDX", "1.6", 1)
    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", bill["serialNumber"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", bill["metadata"]["timestamp"])
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    application = bill["metadata"]["component"]
    assert (application["type"], application["name"], application["version"]) == (
        "application",
        project["name"],
        project["version"],
    )


def test_every_pin_is_a_component_with_all_hashes_and_a_licence(bill: dict[str, Any]) -> None:
    components = {component["name"]: component for component in bill["components"]}
    assert {name: component["version"] for name, component in components.items()} == PINS
    assert len(components) == len(bill["components"])
    for name, component in components.items():
        assert component["type"] == "library"
        assert component["bom-ref"] == component["purl"] == f"pkg:pypi/{name}@{PINS[name]}"
        assert component["hashes"]
        for one in component["hashes"]:
            assert one["alg"] == "SHA-256"
            assert re.fullmatch("[0-9a-f]{64}", one["content"])
        for licence in component["licenses"]:
            assert licence.get("expression") or licence["license"]["name"], name
    assert sum(len(component["hashes"]) for component in components.values()) == LOCK.count("--hash=sha256:")
    unknown = [name for name, component in components.items() if not component["licenses"]]
    elsewhere = {"async-timeout", "colorama", "tzdata"}  # of other systems and older Pythons
    assert set(unknown) <= elsewhere | {"solders", "jsonalias"}  # whose metadata names none: see DEPENDENCIES.md


def test_who_needs_whom_is_told_of_all_and_leads_to_all(bill: dict[str, Any]) -> None:
    needs = {one["ref"]: one["dependsOn"] for one in bill["dependencies"]}
    refs = {component["bom-ref"] for component in bill["components"]}
    own = bill["metadata"]["component"]["bom-ref"]
    assert set(needs) == refs | {own}
    reached, to_see = set[str](), [own]
    while to_see:
        ref = to_see.pop()
        if ref not in reached:
            reached.add(ref)
            to_see += needs[ref]
    assert reached == refs | {own}
    assert f"pkg:pypi/hiredis@{PINS['hiredis']}" in needs[f"pkg:pypi/redis@{PINS['redis']}"]
