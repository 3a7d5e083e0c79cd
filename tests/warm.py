"""Starts `order-engine` processes by fork, from one that has imported all of it: a second of CPU less for each.

What starts is a process of its own, with its own environment, streams and end. Only the start of the interpreter and
the imports are spared: the tests of the command line's surroundings, acceptance, the browser and chaos start it anew.
"""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from multiprocessing.process import BaseProcess
from multiprocessing.reduction import DupFd
from typing import Any, Self

_IMPORTED = (
    "entrypoints.api",
    "entrypoints.cli.app",
    "entrypoints.dev.run",
    "entrypoints.load.run",
    "entrypoints.migrate",
    "entrypoints.venue_simulator",
    "entrypoints.worker",
    "tests.warm",
)
# Coverage follows processes that are started anew.
CAN_START = sys.platform == "linux" and "COVERAGE_PROCESS_CONFIG" not in os.environ


class Started:
    """A process of these; the part of `subprocess.Popen` that tests need."""

    def __init__(self, process: BaseProcess) -> None:
        assert process.pid is not None
        self._process, self.pid = process, process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.wait()

    @property
    def returncode(self) -> int | None:
        """Its exit code, below 0 for a signal; None while it runs."""
        return self._process.exitcode

    def poll(self) -> int | None:
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired(str(self._process), timeout or 0)
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class _Stream:
    """A file descriptor, on its way into the process that gets it."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __getstate__(self) -> Any:
        return DupFd(self.number)

    def __setstate__(self, sent: Any) -> None:
        self.number = sent.detach()


def start(command: Sequence[str], environment: Mapping[str, str], *, stdout: int = 1, stderr: int = 2) -> Started:
    """Run `command`, whose first word is the path of `order-engine`, with this environment and these streams."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(_IMPORTED))
    streams = _Stream(stdout), _Stream(stderr)
    process = context.Process(target=_run, args=(list(command), dict(environment), os.getcwd(), *streams))
    process.start()
    return Started(process)


def _run(command: list[str], environment: dict[str, str], folder: str, stdout: _Stream, stderr: _Stream) -> None:
    for stream, number in ((stdout, 1), (stderr, 2)):
        os.dup2(stream.number, number)
        os.close(stream.number)
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115 - open to the end
    sys.stderr = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    os.chdir(folder)
    sys.argv = command
    from entrypoints.cli import main

    main()
