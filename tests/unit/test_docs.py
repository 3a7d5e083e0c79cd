"""What the docs point to exists."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def all_tests() -> set[str]:
    trees = (ast.parse(path.read_text()) for path in (ROOT / "tests").rglob("*.py"))
    functions = (node for tree in trees for node in ast.walk(tree))
    return {
        node.name
        for node in functions
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    }


def test_every_guarantee_names_a_test_that_exists() -> None:
    promises = (ROOT / "docs" / "guarantees.md").read_text()
    rows = [line for line in promises.split("## Not promised")[0].splitlines() if line.startswith("| ")][1:]
    assert rows
    assert [row for row in rows if "`test_" not in row] == []
    assert set(re.findall(r"`(test_\w+)`", promises)) - all_tests() == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text())
    assert [target for target in targets if not (page.parent / target).exists()] == []
