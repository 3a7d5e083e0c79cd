"""Write the bill of materials of what is installed (CycloneDX 1.6, JSON): `python scripts/sbom.py build/sbom.cdx.json`.

All pins of requirements.lock with the hashes that may be installed, who needs whom, and licences as the packages here
declare them. The same lock gives the same bill but for its time.
"""

import json
import re
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

ROOT = Path(__file__).parents[1]
_PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)==([^ ;\\\n]+)[^\n]*\n((?:    [^\n]*\n?)*)", re.MULTILINE)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_VIA = re.compile(r"^    #(?: via| {2,})\s*([a-z0-9][a-z0-9._-]*)", re.MULTILINE)


def bill(lock: str, project: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    """Return the bill of a lock, made at a time."""
    pins = {name: (version, below) for name, version, below in _PIN.findall(lock)}
    own = f"pkg:pypi/{project['name']}@{project['version']}"
    refs = {name: f"pkg:pypi/{name}@{version}" for name, (version, _) in pins.items()} | {project["name"]: own}
    needs = defaultdict(set)
    for name, (_, below) in pins.items():
        for user in _VIA.findall(below):
            needs[refs[user]].add(refs[name])
    application = {"type": "application", "bom-ref": own, "name": project["name"], "version": project["version"]}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid5(NAMESPACE_URL, lock)}",
        "version": 1,
        "metadata": {
            "timestamp": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": {**application, "purl": own, "licenses": [{"expression": project["license"]}]},
        },
        "components": [_component(name, *pin) for name, pin in sorted(pins.items())],
        "dependencies": [{"ref": ref, "dependsOn": sorted(needs[ref])} for ref in sorted(refs.values())],
    }


def _component(name: str, version: str, below: str) -> dict[str, Any]:
    ref = f"pkg:pypi/{name}@{version}"
    found = {"type": "library", "bom-ref": ref, "name": name, "version": version, "purl": ref}
    hashes = [{"alg": "SHA-256", "content": content} for content in _HASH.findall(below)]
    return {**found, "hashes": hashes, "licenses": list(_licences(name))}


def _licences(name: str) -> Iterable[dict[str, Any]]:
    """Return what a package declares; nothing of one that is not installed here, as on another system."""
    try:
        said = metadata(name)
    except PackageNotFoundError:
        return
    if "License-Expression" in said:
        yield {"expression": said["License-Expression"]}
        return
    classes = [line.rpartition(" :: ")[2] for line in said.get_all("Classifier") or [] if line.startswith("License ::")]
    first_line = said["License"].strip().partition("\n")[0] if "License" in said else ""
    for text in classes or filter(None, [first_line]):
        yield {"license": {"name": text}}


def main(target: Path) -> None:
    """Write the bill of the runtime lock."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    found = bill((ROOT / "requirements.lock").read_text(), project, datetime.now(UTC))
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
