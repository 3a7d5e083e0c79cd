"""The page of dependencies lists what pyproject.toml names, each with its licence, and invents no digest."""

import re
import tomllib
from importlib.metadata import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "DEPENDENCIES.md").read_text()
SECTIONS = {"At run time": "", "For `order-engine dev`": "local", "To build and to test": "dev"}


def rows(section: str) -> dict[str, list[str]]:
    """Return the lines of a section's table, by package."""
    text = PAGE.split(f"## {section}\n")[1].split("\n## ")[0]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]
    return {name: rest for name, *rest in cells[2:]}


def named(extra: str) -> set[str]:
    """Return what pyproject.toml names itself."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    found = project["project"]["optional-dependencies"][extra] if extra else project["project"]["dependencies"]
    if extra == "dev":
        found = found + project["dependency-groups"]["build"]
    return {re.split(r"[\[<>=; ]", requirement)[0] for requirement in found}


@pytest.mark.parametrize("section", SECTIONS)
def test_it_lists_exactly_the_direct_ones(section: str) -> None:
    assert set(rows(section)) == named(SECTIONS[section])


@pytest.mark.parametrize("section", SECTIONS)
def test_each_has_a_use_a_keeper_and_the_licence_that_it_declares(section: str) -> None:
    for name, cells in rows(section).items():
        assert len(cells) == 3, name
        assert all(cells), name
        said = metadata(name)
        assert "License-Expression" not in said or said["License-Expression"] == cells[2], name


def test_every_image_is_on_the_page_and_a_digest_stands_nowhere_that_was_not_looked_up() -> None:
    files = (ROOT / "Dockerfile").read_text() + (ROOT / "compose.yaml").read_text()
    images = set(re.findall(r"^(?:FROM|\s+image:) ([\w./:@-]+)", files, re.MULTILINE))
    theirs = {image for image in images if not image.startswith("order-engine:")}
    assert theirs
    assert [image for image in theirs if image not in PAGE and image.partition(":")[0] not in PAGE] == []
    assert re.findall(r"sha256:[0-9a-f]+", files + PAGE) == []
