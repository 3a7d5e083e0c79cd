"""openapi.json as an engine serves it, and a running engine that executes orders."""

import asyncio
import json
from pathlib import Path
from typing import Final

import pytest

from entrypoints.web.pages.descriptions import openapi

ROOT = Path(__file__).parents[2]
TOOLS = ROOT / "build" / "generators"
# 18 digits: a binary float holds 17 at most.
AMOUNT: Final = "1234567890.12345678"


@pytest.fixture(scope="module")
def description(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the description."""
    file = tmp_path_factory.mktemp("described") / "openapi.json"
    file.write_text(json.dumps(openapi()), encoding="utf-8")
    return file


async def run(*command: str | Path) -> str:
    """Run a command to its end; return what it said. It fails for an exit code, and for a warning."""
    process = await asyncio.create_subprocess_exec(
        *map(str, command), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    told = (await process.communicate())[0].decode()
    assert process.returncode == 0, told
    assert "warn" not in told.lower()
    return told
