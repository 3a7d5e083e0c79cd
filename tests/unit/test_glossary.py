"""The glossary is short, and every word in it is one that the code uses."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.identifiers import words

ROOT = Path(__file__).parents[2]
FOLDERS = ("domain", "application", "adapters", "entrypoints")
TERM = re.compile(r"^- \*\*(.+?)\*\*: \S", re.MULTILINE)
TERMS = TERM.findall((ROOT / "docs" / "glossary.md").read_text())
MOST_TERMS = 30
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def said(tree: ast.AST) -> Iterator[str]:
    """Yield a module's docstrings and identifiers."""
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
                yield name
        if isinstance(node, DOCUMENTED):
            yield ast.get_docstring(node) or ""


@pytest.fixture(scope="module")
def code() -> str:
    files = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
    return "\n".join(words(text) for path in files for text in set(said(ast.parse(path.read_text()))))


def test_it_has_terms_each_once_in_order_and_few() -> None:
    assert 0 < len(TERMS) <= MOST_TERMS
    assert sorted(set(TERMS), key=str.lower) == TERMS


@pytest.mark.parametrize("term", TERMS)
def test_the_code_has_the_term(term: str, code: str) -> None:
    first, *rest = words(term).split()
    pattern = rf"\b{first}(?:s|d|ed|ing)?{''.join(f' {word}s?' for word in rest)}\b"
    assert re.search(pattern, code), f"no identifier and no docstring says {term!r}"


def test_every_line_of_it_is_a_term() -> None:
    lines = [line for line in (ROOT / "docs" / "glossary.md").read_text().splitlines() if line.startswith("-")]
    assert len(lines) == len(TERMS)
