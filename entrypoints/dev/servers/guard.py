"""The guard of one server: runs it, and stops it as soon as the engine closes its end of a pipe, also by dying.

The engine starts this file as a script of its own (standard library only, no site packages), with the read end of
the pipe as standard input, and reads the server's process id from standard output. A pipe ends at any death, kill -9
too, on every system and from every thread; PR_SET_PDEATHSIG alone would fire when the *thread* that forked ends. It
is set for the server, so that on Linux not even the guard's own death leaves one behind.
"""

import contextlib
import ctypes
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

STOP_SECONDS = 3.0
_PR_SET_PDEATHSIG = 1


def process_tree(pid: int) -> list[int]:
    """List a process and its descendants, parents first (each Postgres backend has a process group of its own)."""
    children: dict[int, list[int]] = {}
    for child, parent in _parents():
        children.setdefault(parent, []).append(child)
    tree = [pid]
    for member in tree:
        tree.extend(children.get(member, []))
    return tree


def signal_tree(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process and all its descendants; whoever is gone already is left out."""
    for member in process_tree(pid):
        _send(member, number)


def kill_tree(pid: int) -> None:
    """Kill a process and all its descendants at once; the parent is frozen first, so that it forks no more."""
    _send(pid, signal.SIGSTOP)
    signal_tree(pid, signal.SIGKILL)


def _send(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _parents() -> list[tuple[int, int]]:
    if sys.platform != "linux":
        listed = subprocess.run(["/bin/ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True)
        return [(int(pid), int(parent)) for pid, parent in map(str.split, listed.stdout.splitlines())]
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            stat = (folder / "stat").read_text(errors="replace")
        except OSError:  # it ended meanwhile
            continue
        found.append((int(folder.name), int(stat.rpartition(")")[2].split()[1])))
    return found


def _die_with_parent(number: int) -> Callable[[], None]:
    """Build what the forked server runs before it becomes the server; after the change of user, which clears it."""
    guard = os.getpid()
    prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else lambda *_: 0

    def before_exec() -> None:
        prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)
        if os.getppid() != guard:
            os._exit(1)

    return before_exec


def _wait_for_end(server: subprocess.Popen[bytes]) -> None:
    """Return when the engine is gone or the server has ended."""
    ended, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    while server.poll() is None:
        ready = select.select([sys.stdin.fileno(), ended], [], [], 1.0)[0]
        if sys.stdin.fileno() in ready:
            return
        if ended in ready:
            os.read(ended, 4096)  # a server that is frozen or thawed wakes us too, and must do so only once


def main() -> int:
    """Run the server described by the first argument until it ends or the engine is gone; return its exit status."""
    plan = json.loads(sys.argv[1])
    number = signal.Signals(plan["stop_signal"])
    server = subprocess.Popen(
        plan["command"],
        stdin=os.open(plan["stdin"], os.O_RDONLY),
        stdout=sys.stderr.fileno(),
        start_new_session=True,
        pass_fds=plan["keep_open"],
        preexec_fn=_die_with_parent(number),
        **plan["drop"],
    )
    os.write(sys.stdout.fileno(), f"{server.pid}\n".encode())
    os.close(sys.stdout.fileno())
    _wait_for_end(server)
    if server.poll() is None:
        signal_tree(server.pid, signal.SIGCONT)
        server.send_signal(number)
        try:
            server.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            kill_tree(server.pid)
    return server.wait()


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
