"""Runs compose.yaml's services of the engine without compose, with the options that stand there."""

import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml
from attrs import field, frozen

ROOT = Path(__file__).parents[2]
SERVICES = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
CONTAINER = str(ROOT / "scripts/container")


@frozen
class Ended:
    """How a command ended."""

    code: int
    output: str


def container(*arguments: str, seconds: float = 120) -> Ended:
    """Run docker or podman to its end."""
    done = subprocess.run(
        [CONTAINER, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=seconds,
        check=False,
    )
    return Ended(done.returncode, done.stdout)


@frozen
class Services:
    """compose.yaml's services, on servers of this machine. `variables` are what a person sets before `compose up`.

    `places` says where what compose reaches by a name is here: `postgres:5432`, `:3000/`.
    """

    variables: Mapping[str, str]
    places: Mapping[str, str]
    settings: Mapping[str, str]
    started: list[str] = field(factory=list)

    def environment(self, name: str) -> dict[str, str]:
        """Return a service's variables as compose would set them, but for where its servers are."""
        written = SERVICES[name]["environment"]
        return {key: self._here(self.filled(str(value))) for key, value in written.items()} | dict(self.settings)

    def run(self, name: str, *command: str) -> Ended:
        """Run a service to its end, with another command if one is given."""
        return container("run", "--rm", *self._options(name), *(command or SERVICES[name]["command"]))

    def start(self, name: str) -> str:
        """Start a service that stays; return its container's name."""
        made = f"order-engine-test-{name}"
        container("rm", "--force", made)
        begun = container("run", "--detach", "--name", made, *self._options(name), *SERVICES[name]["command"])
        assert begun.code == 0, begun.output
        self.started.append(made)
        return made

    def healthy(self, name: str, made: str) -> Ended:
        """Run a service's health check in its container."""
        kind, *check = SERVICES[name]["healthcheck"]["test"]
        assert kind == "CMD"
        return container("exec", made, *map(self._here, check))

    def stop(self, name: str, made: str) -> tuple[int, str]:
        """Stop a container as compose does; return its exit code and what it said."""
        grace = SERVICES[name]["stop_grace_period"].removesuffix("s")
        container("stop", "-t", grace, made)
        [state] = json.loads(container("inspect", made).output)
        return state["State"]["ExitCode"], container("logs", made).output

    def clear(self) -> None:
        """Remove all containers."""
        with suppress(subprocess.TimeoutExpired):
            container("rm", "--force", *self.started)

    def _options(self, name: str) -> Sequence[str]:
        service: dict[str, Any] = SERVICES[name]
        options = ["--network", "host"]
        options += ["--read-only"] if service["read_only"] else []
        options += [part for path in service["tmpfs"] for part in ("--tmpfs", path)]
        options += [part for right in service["cap_drop"] for part in ("--cap-drop", right)]
        options += [part for option in service["security_opt"] for part in ("--security-opt", _spelt(option))]
        for key, value in self.environment(name).items():
            options += ["--env", f"{key}={value}"]
        return [*options, service["image"]]

    def filled(self, text: str) -> str:
        """Put in what a person set, or compose's default."""
        return re.sub(r"\$\{(\w+):-([^}]*)\}", lambda found: self.variables.get(found[1], found[2]), text)

    def _here(self, text: str) -> str:
        for there, here in self.places.items():
            text = text.replace(there, here)
        return text


def _spelt(option: str) -> str:
    """Write a security option as podman has it, too: without `:true`."""
    return option.removesuffix(":true")
