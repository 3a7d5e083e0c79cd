"""Starts `order-engine` processes as a user would, waits until they are ready, and ends or kills them."""

import os
import random
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import IO, Self

from attrs import frozen

from tests import warm

FAST = {"MOCK_QUOTE_MS": "20", "MOCK_BUILD_MS": "30", "MOCK_SWAP_MIN_MS": "50", "MOCK_SWAP_MAX_MS": "100"}
COMMAND = str(Path(sys.executable).with_name("order-engine"))
PREFIX = "ORDER_ENGINE_"
BELOW_CONNECTIONS = (10_100, 14_900)  # and below those of private servers; a browser takes them all
warm_starts = False  # tests/integration sets it, where it can be


@frozen
class EngineProcess:
    """A running process; `url` is its HTTP address, `operations` where it tells its metrics and how it is."""

    url: str
    operations: str
    process: "subprocess.Popen[bytes] | warm.Started"

    def kill(self) -> None:
        """End it with SIGKILL."""
        self.process.kill()
        self.process.wait(10)

    def terminate(self, seconds: float = 10) -> int:
        """End it with SIGTERM; return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)


@contextmanager
def running(
    *arguments: str,
    settings: Mapping[str, str] | None = None,
    stderr: IO[str] | None = None,
    trust: ssl.SSLContext | None = None,
) -> Iterator[EngineProcess]:
    """Run `order-engine <arguments>` until the block ends; `settings` are variables without their prefix.

    Mock delays are short, the port is a free one, and the block starts when `/health/ready` answers 200. Its log goes
    to `stderr`, if there is one. One that speaks TLS is asked by `trust`.
    """
    port, other = str(free_port()), str(free_port())
    chosen = {**FAST, "PORT": port, "OPERATIONS_PORT": other, "WORKER_HTTP_PORT": port, **(settings or {})}
    environment = {**os.environ, **{PREFIX + name: value for name, value in chosen.items()}}
    url = f"{'https' if trust else 'http'}://127.0.0.1:{chosen['PORT']}"
    operations = url if arguments[0] == "worker" else f"http://127.0.0.1:{chosen['OPERATIONS_PORT']}"
    with _started(arguments, environment, stderr) as process:
        try:
            _wait_until_ready(url, process, trust)
            yield EngineProcess(url, operations, process)
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                raise


class Restartable:
    """A process, started on entry: kill it, and start it again on the same port, with the same settings."""

    def __init__(self, command: str, settings: Mapping[str, str]) -> None:
        self._command = command
        self._settings = settings
        self._stack = ExitStack()
        self.url = f"http://127.0.0.1:{settings['PORT']}"
        self.process: EngineProcess

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self.process = self._stack.enter_context(running(self._command, settings=self._settings))

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self._stack.close()


def finished(*arguments: str, settings: Mapping[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
    """Run `order-engine <arguments>` to its end; its operations port is a free one."""
    chosen = {"OPERATIONS_PORT": "0", **(settings or {})}
    return ended(*arguments, environment={**os.environ, **{PREFIX + name: value for name, value in chosen.items()}})


def ended(*arguments: str, environment: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    """Run `order-engine <arguments>` in this environment, and no other, to its end."""
    command = [COMMAND, *arguments]
    if not warm_starts:
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)
    with TemporaryFile("w+") as stdout, TemporaryFile("w+") as stderr:
        process = warm.start(command, environment, stdout=stdout.fileno(), stderr=stderr.fileno())
        try:
            returncode = process.wait(30)
        finally:
            process.kill()
        for stream in (stdout, stderr):
            stream.seek(0)
        return subprocess.CompletedProcess(command, returncode, stdout.read(), stderr.read())


def _started(
    arguments: Sequence[str], environment: Mapping[str, str], stderr: IO[str] | None
) -> "subprocess.Popen[bytes] | warm.Started":
    command = [COMMAND, *arguments]
    if not warm_starts:
        return subprocess.Popen(command, env=environment, stderr=stderr)
    return warm.start(command, environment, stderr=stderr.fileno() if stderr else 2)


def free_port() -> int:
    """Return a TCP port of the loopback address that nobody listens on.

    It is below those that a kernel gives to connections, so that none of all that are made meanwhile takes it.
    """
    for _ in range(1_000):
        port = random.randrange(*BELOW_CONNECTIONS)  # noqa: S311
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError(f"no port of {BELOW_CONNECTIONS} is free")


def command_lines() -> list[str]:
    """List the command lines of all processes on this machine."""
    if sys.platform != "linux":
        return subprocess.run(["/bin/ps", "-A", "-o", "args"], capture_output=True, text=True).stdout.splitlines()
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it ended meanwhile
            found.append(file.read_text(errors="replace"))
    return found


def _wait_until_ready(
    url: str, process: "subprocess.Popen[bytes] | warm.Started", trust: ssl.SSLContext | None, seconds: float = 30
) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise AssertionError(f"the process ended with {process.returncode} before it was ready")
        try:
            with urllib.request.urlopen(f"{url}/health/ready", timeout=2, context=trust):  # noqa: S310 - our own loopback URL
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise AssertionError(f"the process was not ready within {seconds} s")
