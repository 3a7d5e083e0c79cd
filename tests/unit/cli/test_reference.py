"""The pages on the command line have every command and option, and no other; cli.md has the exit codes."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from application.caller import Scope
from entrypoints.cli import ending
from entrypoints.cli.app import app

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "cli.md").read_text()
PAGES = "\n".join(
    (PAGE, *((DOCS / f"{name}.md").read_text() for name in ("cli-operate", "trading", "load", "webhooks")))
)


def commands(group: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield each command that is not hidden, with its whole name."""
    for name, command in group.commands.items():
        if command.hidden:
            continue
        if hasattr(command, "commands"):
            yield from commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


ALL = dict(commands(typer.main.get_command(app), "order-engine"))


def section(name: str) -> str:
    """Return what the pages say under the heading of a command."""
    found = re.search(rf"^#+ `{re.escape(name)}(?![a-z-]).*?(?=^#|\Z)", PAGES, re.MULTILINE | re.DOTALL)
    assert found, f"no page has a heading for `{name}`"
    return found[0]


@pytest.mark.parametrize("name", ALL)
def test_every_command_has_its_section_with_every_option(name: str) -> None:
    options = [option for parameter in ALL[name].params for option in parameter.opts if option.startswith("--")]
    text = section(name)
    assert [option for option in options if option != "--help" and not re.search(rf"{option}\b", text)] == []


def test_the_pages_name_no_command_that_is_gone() -> None:
    assert set(re.findall(r"^#+ `(order-engine(?: [a-z-]+)*)", PAGES, re.MULTILINE)) == set(ALL)


@pytest.mark.parametrize("name", ALL)
def test_every_command_and_option_says_what_it_is_for(name: str) -> None:
    assert ALL[name].help
    assert [parameter.name for parameter in ALL[name].params if not getattr(parameter, "help", None)] == []


def test_every_exit_code_is_explained() -> None:
    codes = {value for name, value in vars(ending).items() if name.isupper() and isinstance(value, int)}
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE)} == codes


def test_every_scope_is_named_where_keys_are_made() -> None:
    option = next(each for each in ALL["order-engine keys create"].params if each.name == "scope")
    assert [scope for scope in Scope if scope not in (option.help or "")] == []
