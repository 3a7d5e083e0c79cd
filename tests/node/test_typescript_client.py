"""The TypeScript client in Node: its own tests, before an engine that is open and one that asks for credentials."""

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from application.caller import Caller, Scope
from application.ports.authenticator import Grant
from tests.browser.engines import guarded, in_memory
from tests.processes import EngineProcess

ROOT = Path(__file__).parents[2]
CLIENT = ROOT / "clients/typescript"
PROGRAM = re.compile(r"^```js\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMPILER = "typescript@5.9.3"
KEY = "oe_test_annas"
MAY = frozenset({Scope.ORDERS_READ, Scope.ORDERS_WRITE, Scope.ORDERS_CANCEL})
SETTINGS = {
    **{"MOCK_QUOTE_MS": "20", "MOCK_BUILD_MS": "20", "MOCK_SWAP_MIN_MS": "20", "MOCK_SWAP_MAX_MS": "50"},
    "WEBHOOKS_ALLOW_PRIVATE": "yes",
}


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineProcess]:
    with in_memory(**SETTINGS) as engine:
        yield engine


def run(*command: str, **env: str) -> str:
    """Run a program in the client's folder to its good end; return what it printed."""
    done = subprocess.run(
        command, cwd=CLIENT, env={**os.environ, **env}, capture_output=True, text=True, timeout=50, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def node(*arguments: str, **env: str) -> str:
    # Node has had WebSockets without the flag since 22.
    return run("node", "--experimental-websocket", "--no-warnings", *arguments, **env)


def test_it_does_what_it_says(engine: EngineProcess) -> None:
    with guarded() as private:
        private.authenticator.admit(KEY, Grant(Caller("anna", MAY, "key-a")))
        asked: Mapping[str, str] = {
            "ORDER_ENGINE_URL": engine.url,
            "ORDER_ENGINE_GUARDED_URL": private.api.url,
            "ORDER_ENGINE_KEY": KEY,
        }
        node("--test", *sorted(map(str, CLIENT.glob("test/*.test.js"))), **asked)


def test_the_pages_programs_run(engine: EngineProcess) -> None:
    programs = PROGRAM.findall((ROOT / "docs/typescript-client.md").read_text())
    first, second = (
        node("--input-type=module", "--eval", text.replace("http://127.0.0.1:3000", engine.url)) for text in programs
    )
    assert "5 confirmed Swap executed successfully" in first
    assert "must be greater than 0" in second


def test_its_types_are_those_that_programs_need() -> None:
    run("npx", "--yes", f"--package={COMPILER}", "tsc", "--project", "test/tsconfig.json")
