"""The code speaks in the field's words: private ones that were retired do not come back."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.identifiers import words

ROOT = Path(__file__).parents[2]
FOLDERS = ("domain", "application", "adapters", "entrypoints", "simulators")
FILES = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
RETIRED = re.compile(r"\b(doors?|shel(f|ves)|give back|every answer|tell|tells|telling|teller|told)\b")
TELLING = re.compile(r"\b(tell|tells|told|telling)\b", re.IGNORECASE)
MOST_TELLING_LINES = 40


def names_of(tree: ast.AST) -> Iterator[str]:
    """Yield the names that a module gives: of classes, functions, arguments, variables and attributes."""
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()) | ast.arg(arg=name):
                yield name


def test_no_name_is_a_retired_word() -> None:
    retired = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in FILES
        for name in names_of(ast.parse(path.read_text()))
        if RETIRED.search(words(name))
    }
    assert not retired, sorted(retired)


def test_code_records_reports_and_says_and_seldom_tells() -> None:
    lines = [line for path in FILES for line in path.read_text().splitlines() if TELLING.search(line)]
    assert len(lines) <= MOST_TELLING_LINES, lines


def test_a_retired_word_would_be_found() -> None:
    tree = ast.parse("class OwnShelf:\n    def give_back(self): self.told = 1\n")
    assert [bool(RETIRED.search(words(name))) for name in names_of(tree)].count(True) == 3
