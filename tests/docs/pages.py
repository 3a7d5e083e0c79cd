"""Finds the commands in the pages, each with what it prints there."""

import re
from collections.abc import Iterator
from pathlib import Path

from attrs import frozen

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = "console"
CODE_ASKED = "echo $?"


@frozen
class Block:
    """What stands between two fences: its first line's number and the language that the fence names."""

    line: int
    language: str
    lines: tuple[str, ...]


@frozen
class Command:
    """A command; `output` is what the page shows of it, `code` the exit code that it tells."""

    line: int
    text: str
    output: tuple[str, ...]
    code: int


def name_of(page: Path) -> str:
    """Return a page's path in the repository."""
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path) -> Iterator[Block]:
    """Yield the fenced blocks of a page, in order."""
    opened: tuple[int, str] | None = None
    indent = 0  # of a fence in a list
    lines: list[str] = []
    for number, line in enumerate(page.read_text().splitlines(), 1):
        fence = re.match(r"( *)```(\w*)", line)
        if fence and opened is None:
            opened, lines, indent = (number + 1, fence[2]), [], len(fence[1])
        elif fence and opened is not None:
            yield Block(*opened, tuple(lines))
            opened = None
        else:
            lines.append(line[indent:])
    assert opened is None, f"{page}: a fence is not closed"


def commands(page: Path) -> list[Command]:
    """Return the commands of a page, in order."""
    return [command for block in blocks(page) if block.language == FENCE for command in _commands(block)]


def _commands(block: Block) -> Iterator[Command]:
    found: list[tuple[int, str, list[str]]] = []
    for number, line in enumerate(block.lines, block.line):
        if found and not found[-1][2] and found[-1][1].endswith("\\"):
            found[-1] = (found[-1][0], f"{found[-1][1]}\n{line}", [])
        elif line.startswith("$ "):
            found.append((number, line[2:], []))
        elif found:
            found[-1][2].append(line)
        else:
            raise AssertionError(f"line {number} stands before the first `$ ` of its block")
    for (number, text, output), then in zip(found, [*found[1:], (0, "", [])], strict=True):
        if text != CODE_ASKED:
            code = int(then[2][0]) if then[1] == CODE_ASKED else 0
            yield Command(number, text, tuple(line for line in output if line.strip()), code)
