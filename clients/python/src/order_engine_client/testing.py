"""An engine for somebody's own tests: a process of its own, all in memory. docs/embedding.md of the engine's tree."""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from attrs import frozen

PREFIX = "ORDER_ENGINE_"
# Swaps that take no time and all land: what a test wants otherwise it says.
FAST: Mapping[str, str] = {
    "MOCK_QUOTE_MS": "0",
    "MOCK_BUILD_MS": "0",
    "MOCK_SWAP_MIN_MS": "0",
    "MOCK_SWAP_MAX_MS": "0",
    "MOCK_FAILURE_RATE": "0",
    "RETRY_BASE_MS": "10",
}
START_SECONDS, STOP_SECONDS, LOOK_SECONDS = 30.0, 10.0, 0.05
_LEFT_OUT = (PREFIX, "OTEL_", "PYTHON")
_PORTS = {"PORT": "0", "OPERATIONS_PORT": "0"}
_CONSOLE = re.compile(r"^ *Console +(http\S+?)/?$", re.MULTILINE)
# Runs the engine until its own standard input ends, as it does at any death of who holds the other end. A signal to all
# of them ends it no sooner than the engine, which finishes what it has begun.
_GUARD = """exec 3<&0
trap : TERM
"$@" 3<&- &
engine=$!
{ cat <&3 >/dev/null; kill "$engine" 2>/dev/null; } &
wait "$engine" || wait "$engine"
"""


class EngineNotStarted(Exception):
    """The engine did not come up; the text is what it wrote."""


@frozen
class RunningEngine:
    """An engine at `url`, which nobody else uses."""

    url: str


@contextmanager
def running_engine(
    settings: Mapping[str, str] | None = None, command: Sequence[str] | None = None
) -> Iterator[RunningEngine]:
    """Run an engine until the block ends; it is ready when the block begins, and ends with this process in any case.

    `settings` are its variables without `ORDER_ENGINE_`, beside FAST; none comes from the environment. `command` runs
    `order-engine`: without it the one of this Python, or else of PATH. Raises EngineNotStarted.
    """
    with TemporaryDirectory(prefix="order-engine-") as folder, (Path(folder) / "log").open("w+") as log:
        process = subprocess.Popen(
            ["/bin/sh", "-c", _GUARD, "sh", *(command or [_own_command()]), "dev", "--memory"],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            cwd=folder,
            env=_environment(settings or {}),
            start_new_session=True,
        )
        try:
            yield RunningEngine(_ready(process, Path(folder) / "log"))
        finally:
            _end(process)


def _own_command() -> str:
    beside = Path(sys.executable).with_name("order-engine")
    return str(beside) if beside.exists() else "order-engine"


def _environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Return this process's variables without what could lead the engine elsewhere, or to other code than its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_LEFT_OUT)}
    return kept | {PREFIX + name: value for name, value in {**FAST, **_PORTS, **settings}.items()}


def _ready(process: "subprocess.Popen[bytes]", log: Path) -> str:
    """Wait until the engine answers; return its URL."""
    give_up = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < give_up:
        if (found := _CONSOLE.search(log.read_text(errors="replace"))) and _answers(found[1]):
            return found[1]
        time.sleep(LOOK_SECONDS)
    raise EngineNotStarted(f"order-engine did not start:\n{log.read_text(errors='replace')}")


def _answers(url: str) -> bool:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with suppress(OSError), direct.open(f"{url}/health/ready", timeout=5) as answer:
        return bool(answer.status == 200)
    return False


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End all of the engine, whoever else may hold its standard input."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
            break
    if process.stdin:
        process.stdin.close()
