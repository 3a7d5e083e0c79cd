"""Runs the programs of a server: the server itself under its guard, and helpers that end by themselves."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from attrs import frozen

from entrypoints.dev.servers import guard
from entrypoints.dev.servers.errors import LocalServerError
from entrypoints.dev.servers.folder import ServerFolder

UMASK = 0o077  # what a server writes is its account's alone


@frozen
class Launch:
    """How a server is run: its command, and the file that it reads as its standard input."""

    command: list[str]
    stdin: Path = Path(os.devnull)


class GuardedProcess:
    """A server process that ends when we do; from the constructor on it runs, and `stop` or `kill` must follow."""

    def __init__(self, launch: Launch, stop_signal: signal.Signals, folder: ServerFolder) -> None:
        """Start the command as the folder's account, with its output in the folder's log."""
        plan = {
            "command": launch.command,
            "stdin": str(launch.stdin),
            "stop_signal": int(stop_signal),
            "keep_open": [folder.lock],
            "drop": folder.account.drop(),
        }
        with folder.open_log() as log:
            self._guard = subprocess.Popen(
                [sys.executable, "-I", "-S", guard.__file__, json.dumps(plan)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd="/",
                env=server_environment(),
                start_new_session=True,
                pass_fds=[folder.lock],
                umask=UMASK,
            )
        said = self._guard.stdout.readline() if self._guard.stdout else b""
        self._pid = int(said) if said else None

    @property
    def pid(self) -> int | None:
        """The server's process id; None once it has ended."""
        return self._pid if self._guard.poll() is None else None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to all the server's processes."""
        if self.pid:
            guard.signal_tree(self.pid, number)

    def stop(self) -> None:
        """Close the guard's pipe, as our death would: the guard stops the server, in the end by force."""
        if self._guard.stdin:
            self._guard.stdin.close()
        try:
            self._guard.wait(guard.STOP_SECONDS + 1)
        except subprocess.TimeoutExpired:
            self._guard.kill()
            self.kill()
        self._close()

    def kill(self) -> None:
        """Kill all the server's processes at once."""
        if self.pid:
            guard.kill_tree(self.pid)
        self._close()

    def _close(self) -> None:
        self._guard.wait()
        for pipe in (self._guard.stdin, self._guard.stdout):
            if pipe:
                pipe.close()


def run_to_end(command: list[str], folder: ServerFolder) -> None:
    """Run a program that ends by itself, as the folder's account.

    It holds the folder's lock too, so that nobody disturbs it should we die meanwhile.
    Raises: LocalServerError with the line that says why, when it fails.
    """
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        cwd="/",
        env=server_environment(),
        pass_fds=[folder.lock],
        umask=UMASK,
        **folder.account.drop(),
    )
    if done.returncode:
        said = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines() or ["it said nothing"]
        words = next((line for line in said if "error" in line), said[-1])
        raise LocalServerError(f"{os.path.basename(command[0])} failed: {words}")


def server_environment() -> dict[str, str]:
    """Return our environment without what would change a server's ways: messages in English, times in UTC."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "ORDER_ENGINE_", "LC_"))}
    return {**ours, "LC_ALL": "C", "TZ": "UTC"}
