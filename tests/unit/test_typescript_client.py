"""The TypeScript client keeps step with the engine: its version, and a class for each code."""

import json
import re
import tomllib
from pathlib import Path

from entrypoints.web.problems import PROBLEMS

ROOT = Path(__file__).parents[2]
CLIENT = ROOT / "clients/typescript"
CODE = re.compile(r"^  (\w+): (\w+),$", re.MULTILINE)


def test_it_has_the_engines_version() -> None:
    engine = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    client = json.loads((CLIENT / "package.json").read_text())
    assert client["version"] == engine["version"]
    assert client["private"] is True
    assert "dependencies" not in client


def test_every_code_has_a_class_that_is_declared() -> None:
    source, types = (CLIENT / "src/errors.js").read_text(), (CLIENT / "src/index.d.ts").read_text()
    classes = dict(CODE.findall(source))
    assert set(classes) == set(PROBLEMS)
    for code, name in classes.items():
        assert name == "".join(map(str.capitalize, code.split("_")))
        assert f"export class {name} extends Problem {{}}" in source
        assert f"export class {name} extends Problem {{}}" in types


def test_the_console_serves_the_client_itself() -> None:
    served = ROOT / "entrypoints/web/pages/console/static/client"
    assert served.resolve() == CLIENT / "src"
