"""An engine in somebody else's tests: as docs/embedding.md has it, beside a `domain` package of their own."""

import asyncio
import os
import re
import sys
import textwrap
import urllib.request
from ast import literal_eval
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from order_engine_client import Client
from order_engine_client.testing import EngineNotStarted, running_engine
from tests.eventually import eventually
from tests.processes import COMMAND

PAGE = (Path(__file__).parents[2] / "docs" / "embedding.md").read_text()
FENCES = [textwrap.dedent(fence) for fence in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)]


def fence(begins: str) -> str:
    """Return the page's code that begins so."""
    [code] = [code for code in FENCES if code.startswith(begins)]
    return code


def project(folder: Path) -> Mapping[str, str]:
    """Make a project with the page's example and packages named as the engine's; return its environment."""
    for name in ("domain", "application", "adapters", "entrypoints"):
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text("OURS = True\n")
    command = fence("# conftest.py").replace("/opt/order-engine/.venv/bin/order-engine", COMMAND)
    (folder / "conftest.py").write_text(command)
    ours = "\nimport domain\n\n\ndef test_ours() -> None:\n    assert domain.OURS\n"
    (folder / "test_swap.py").write_text(fence("# test_swap.py") + ours)
    theirs = {"ORDER_ENGINE_VENUES": "Real=http://127.0.0.1:1/", "OTEL_TRACES_EXPORTER": "zipkin"}
    return {**os.environ, "PYTHONPATH": str(folder), **theirs}


def answers(url: str) -> bool:
    with suppress(OSError), urllib.request.urlopen(f"{url}/health/live", timeout=5):  # noqa: S310 - loopback
        return True
    return False


async def gone(url: str) -> bool:
    return not answers(url)


async def python(*arguments: str, **options: Any) -> Process:
    return await asyncio.create_subprocess_exec(sys.executable, *arguments, stdin=PIPE, stdout=PIPE, **options)


async def test_the_pages_example_passes_beside_packages_of_the_same_names(tmp_path: Path) -> None:
    quiet = ("-q", "-p", "no:cacheprovider", "-p", "no:schemathesis", "-p", "no:hypothesispytest")
    user = await python("-m", "pytest", *quiet, cwd=tmp_path, env=project(tmp_path))
    written, _ = await user.communicate()
    assert written.decode().splitlines()[-1].startswith("2 passed"), written.decode()


async def test_it_has_the_tests_settings_and_ends_with_its_block() -> None:
    settings = literal_eval(fence("@pytest.fixture").partition("return ")[2].partition("  #")[0])
    with running_engine(settings) as engine, Client(engine.url) as client:
        accepted = client.submit(input_token="SOL", output_token="USDC", amount=10, user_id="anna")
        *_, last = client.watch(accepted.order_id)
        order = client.order(accepted.order_id)
        assert (last.status, order.reason_code, order.attempt) == ("failed", "slippage_exceeded", 2)
    await eventually(lambda: gone(engine.url))


def test_when_its_block_has_ended_so_has_it_though_an_order_was_on_its_way(tmp_path: Path) -> None:
    command = ("/bin/sh", "-c", 'echo $$ > "$0" && exec "$@"', str(tmp_path / "pid"), COMMAND)
    with running_engine({"MOCK_SWAP_MIN_MS": "700", "MOCK_SWAP_MAX_MS": "700"}, command) as engine:
        with Client(engine.url) as client:
            accepted = client.submit(input_token="SOL", output_token="USDC", amount=10, user_id="anna")
            next(frame for frame in client.watch(accepted.order_id) if frame.status == "submitted")
        process = int((tmp_path / "pid").read_text())
        os.kill(process, 0)
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


async def test_it_ends_with_the_process_that_is_killed() -> None:
    begun = "print(engine.url, flush=True); input()"
    code = fence("from order_engine_client.testing").replace("print(engine.url)", begun)
    user = await python("-c", code)
    assert user.stdout
    url = (await user.stdout.readline()).decode().strip()
    assert answers(url)
    user.kill()
    await user.communicate()
    await eventually(lambda: gone(url), within=20)


def test_one_that_does_not_start_says_why() -> None:
    with pytest.raises(EngineNotStarted, match="ORDER_ENGINE_PORT must be"), running_engine({"PORT": "many"}):
        pass
    with pytest.raises(EngineNotStarted, match="not found"), running_engine(command=["no-such-engine"]):
        pass
