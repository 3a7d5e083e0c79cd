"""What the engine says of itself: OpenAPI and AsyncAPI, written by hand in the YAML files beside this one."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent


@cache
def openapi() -> Mapping[str, Any]:
    """Return the description of the HTTP side, read once a process."""
    return _read("openapi.yaml")


@cache
def asyncapi() -> Mapping[str, Any]:
    """Return the description of the WebSocket side, read once a process."""
    return _read("asyncapi.yaml")


def _read(name: str) -> Mapping[str, Any]:
    loader = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
    description: Mapping[str, Any] = yaml.load((FOLDER / name).read_text(encoding="utf-8"), loader)  # noqa: S506
    return description
