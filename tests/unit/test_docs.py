"""What the docs point to exists, and no page is longer than its readers are patient."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [
    *(ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING", "SECURITY", "DEPENDENCIES")),
    *sorted(DOCS.rglob("*.md")),
]
CODE = ("domain", "application", "adapters", "entrypoints", "tests", "benchmarks", "ops", "scripts")
LINK = re.compile(r"\]\((?!https?://)([^)#\s]*)(?:#([^)\s]*))?\)")
FENCED = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
WORDS_OF_A_PAGE, WORDS_OF_ALL = 900, 26_900
LOOK_UP_TABLES = {"docs/configuration.md", "docs/guarantees.md", "docs/metrics.md"}  # one table of all there is


def all_tests() -> set[str]:
    trees = (ast.parse(path.read_text()) for path in (ROOT / "tests").rglob("*.py"))
    functions = (node for tree in trees for node in ast.walk(tree))
    return {
        node.name
        for node in functions
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    }


def test_every_guarantee_names_a_test_that_exists() -> None:
    pages = [(DOCS / name).read_text() for name in ("guarantees.md", "connections.md", "foreign-data.md")]
    lines = "\n".join(page.partition("\n## The ")[0] for page in pages).splitlines()
    rows = [line for line in lines if line.startswith("| ") and not line.startswith("| promise ")]
    assert rows
    assert [row for row in rows if "`test_" not in row] == []
    assert set(re.findall(r"`(test_\w+)`", "\n".join(pages))) - all_tests() == set()


def test_every_threat_names_a_test_that_exists() -> None:
    _, threats, top_ten, _ = (ROOT / "SECURITY.md").read_text().rsplit("\n## ", 3)
    rows = [line for line in (threats + top_ten).splitlines() if re.match(r"\| (?!threat |risk )\w", line)]
    assert [row for row in rows if "`test_" not in row] == []
    assert set(re.findall(r"`(test_\w+)`", threats + top_ten)) - all_tests() == set()


def links(page: Path) -> list[tuple[Path, str]]:
    """Return the file and the anchor ("" for none) that each relative link of a page leads to."""
    found = LINK.findall(FENCED.sub("", page.read_text()))
    return [((page.parent / target).resolve() if target else page, anchor) for target, anchor in found]


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub gives to a page's headings."""
    headings = re.findall(r"^#+ (.+)$", FENCED.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def words(page: Path) -> int:
    """Count a page's words, without the rows of a table that nobody reads from end to end."""
    lines = page.read_text().splitlines()
    skipped = "|" if name_of(page) in LOOK_UP_TABLES else "\0"
    return sum(len(line.split()) for line in lines if not line.startswith(skipped))


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    assert [str(target) for target, _ in links(page) if not target.exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_anchor_is_a_heading(page: Path) -> None:
    of_pages = [(target, anchor) for target, anchor in links(page) if anchor and target.suffix == ".md"]
    assert [f"{target.name}#{anchor}" for target, anchor in of_pages if anchor not in anchors(target)] == []


def test_every_page_is_in_the_table_of_contents() -> None:
    listed = {target for target, _ in links(DOCS / "README.md")} | {DOCS / "README.md"}
    assert [name_of(page) for page in DOCS.glob("*.md") if page not in listed] == []


def test_every_page_that_the_code_names_exists() -> None:
    files = [path for folder in CODE for path in (ROOT / folder).rglob("*") if path.suffix in (".py", ".sql", ".yml")]
    named = {name for path in files for name in re.findall(r"\bdocs/[\w/-]+\.md\b", path.read_text())}
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_every_file_that_a_page_names_exists() -> None:
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS.glob("*.md")]
    named = {name for page in pages for name in re.findall(rf"`((?:{'|'.join(CODE)})/[\w/.-]+)`", page.read_text())}
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_pages_are_short() -> None:
    pages = [ROOT / "README.md", *DOCS.rglob("*.md")]
    assert {name_of(page): words(page) for page in pages if words(page) > WORDS_OF_A_PAGE} == {}


def test_all_pages_together_are_few_words() -> None:
    pages = (ROOT / "README.md", *DOCS.glob("*.md"), *DOCS.glob("runbook/*.md"))
    assert sum(words(page) for page in pages) <= WORDS_OF_ALL
