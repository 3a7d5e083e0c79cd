"""The guard of a private server, alone."""

import json
import os
import resource
import signal
import subprocess
import sys

import pytest

from entrypoints.dev.servers import guard

WATCHED_SECONDS = 2.0
COST_SECONDS = 0.3  # its start is most of that


def test_a_guard_costs_nothing_after_its_server_was_frozen() -> None:
    plan = {
        "command": ["/bin/sleep", "60"],
        "stop_signal": int(signal.SIGTERM),
        "keep_open": [],
        "drop": {},
        "stdin": os.devnull,
    }
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-I", "-S", guard.__file__, json.dumps(plan)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        server = int(process.stdout.readline())
        assert process.stdout.read() == b""  # it closes this when it is about to watch
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(COST_SECONDS)
        os.kill(server, signal.SIGSTOP)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(WATCHED_SECONDS)
        process.stdin.close()
        process.wait()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < COST_SECONDS
