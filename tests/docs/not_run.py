"""The commands on the pages that the tests cannot run, each with the reason; they are looked at instead."""

import itertools
import re
import shlex
from collections.abc import Callable, Iterator
from typing import Any

import click
import typer.main
import yaml
from attrs import frozen

from entrypoints.cli.app import app
from entrypoints.settings import all_settings, variable
from tests.docs.pages import ROOT


@frozen
class Kind:
    """Commands that begin with these words, why they are not run, and what says whether one makes sense."""

    words: str
    reason: str
    mistakes: Callable[[list[str]], Iterator[str]]


def kind_of(text: str) -> Kind | None:
    """Return the kind of a command that is not run; None when it is to be run."""
    words = without_settings(text)
    return next((kind for kind in NOT_RUN if words[: len(kind.words.split())] == kind.words.split()), None)


def without_settings(text: str) -> list[str]:
    """Return a command's words without the variables before it, and the program without its folder."""
    words = shlex.split(text, comments=True)
    while words and re.match(r"[A-Z_]+=", words[0]):
        del words[0]
    return [words[0].rpartition("/")[2], *words[1:]] if words else []


def mistakes_of_settings(text: str) -> Iterator[str]:
    """Yield the variables of ours in a text that mean nothing."""
    known = {variable(setting) for setting in all_settings()} | {"ORDER_ENGINE_URL", "ORDER_ENGINE_TEST_CHROMIUM"}
    for name in re.findall(r"\bORDER_ENGINE_[A-Z_]+\b(?!\*)", text):
        if name not in known and not name.startswith("ORDER_ENGINE_TEST_") and not name.endswith("_"):
            yield f"{name} is no setting"


def mistakes_of_engine(words: list[str]) -> Iterator[str]:
    """Yield what is wrong with `order-engine ...`: a command or an option that does not exist, an argument too few."""
    command: Any = typer.main.get_command(app)
    arguments = words[1:]
    while hasattr(command, "commands"):
        if not arguments or arguments[0] not in command.commands:
            if arguments[:1] not in (["--help"], ["--install-completion"], ["--show-completion"]):
                yield f"there is no {shlex.join(words)}"
            return
        command, arguments = command.commands[arguments[0]], arguments[1:]
    if arguments == ["--help"]:
        return
    try:
        command.make_context(command.name, arguments)
    except click.ClickException as error:
        yield f"{shlex.join(words)}: {error.message}"


def _make(words: list[str]) -> Iterator[str]:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for word in words[1:]:
        if "=" not in word and word not in targets:
            yield f"there is no target {word}"


def _compose(words: list[str]) -> Iterator[str]:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    profiles = {profile for service in services.values() for profile in service.get("profiles", ())}
    options = [word for word in words[2:] if word.startswith("-")]
    known = ["--profile", "--scale", "--detach", "--rm", "--build", "--no-log-prefix", "--no-deps", "-T"]
    yield from (f"{option} is not known to this test" for option in options if option not in known)
    for option, value in itertools.pairwise(words):
        if option == "--profile" and value not in profiles:
            yield f"there is no profile {value}"
        if option == "--scale" and value.partition("=")[0] not in services:
            yield f"there is no service {value}"
    if "run" in words:
        rest = [word for word in words[words.index("run") + 1 :] if word not in known]
        if rest[0] not in services:
            yield f"there is no service {rest[0]}"
        yield from mistakes_of_engine(["order-engine", *rest[1:]])


def _installs(words: list[str]) -> Iterator[str]:
    yield from _without("pyproject.toml", words)


def _installs_for_node(words: list[str]) -> Iterator[str]:
    yield from _without("package.json", words)


def _without(file: str, words: list[str]) -> Iterator[str]:
    yield from (f"there is no {file} in {folder}" for folder in words[2:] if not (ROOT / folder / file).exists())


def _nothing(words: list[str]) -> Iterator[str]:
    yield from ()


_SERVES = "it serves until it is stopped; the engine of the tests is one"
NOT_RUN = [
    Kind("make", "it installs, serves for ever, or runs the tests; its target must exist", _make),
    Kind("docker compose", "it needs a Docker engine; its services, profiles and commands must exist", _compose),
    Kind("order-engine dev", _SERVES, mistakes_of_engine),
    Kind("order-engine api", _SERVES, mistakes_of_engine),
    Kind("order-engine worker", _SERVES, mistakes_of_engine),
    Kind("order-engine venue-simulator", _SERVES, mistakes_of_engine),
    Kind("order-engine solana-simulator", _SERVES, mistakes_of_engine),
    Kind("order-engine venue-check", "it takes a venue; a test has the simulator", mistakes_of_engine),
    Kind("order-engine orders tail", "it goes on until Ctrl-C", mistakes_of_engine),
    Kind("python -m tests.integration.releases", "it writes the files of a coming release", _nothing),
    Kind("python -m tests.docs.picture", "it writes a picture of the docs", _nothing),
    Kind("pip install", "it changes the reader's own Python; what it installs must be there", _installs),
    Kind("npm install", "it changes the reader's own project; what it installs must be there", _installs_for_node),
    Kind("sudo", "it changes the machine", _nothing),
    Kind("journalctl", "it needs services that systemd runs", _nothing),
]
