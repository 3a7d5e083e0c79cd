"""Watching an order from the terminal while its API is stopped and started again."""

import json
import os
import subprocess
from typing import IO

from tests.clients import new_engine
from tests.processes import COMMAND, PREFIX, free_port, running


def read_until(lines: IO[str], status: str) -> list[str]:
    """Read frames until one has this status."""
    found = []
    for line in lines:
        found.append(line)
        if json.loads(line)["status"] == status:
            break
    return found


def test_watching_goes_on_through_a_restart_of_the_api(database_url: str, redis_db_url: str) -> None:
    slow = {"MOCK_SWAP_MIN_MS": "1000", "MOCK_SWAP_MAX_MS": "1000", "PORT": str(free_port())}
    settings = {**new_engine(database_url, redis_db_url), **slow}
    command = [COMMAND, "submit", "SOL", "USDC", "10", "--user", "anna", "--watch", "--json"]
    with running("worker", settings={**settings, "WORKER_HTTP_PORT": (port := str(free_port())), "PORT": port}):
        with running("api", settings=settings) as api:
            environment = {**os.environ, f"{PREFIX}URL": api.url}
            watching = subprocess.Popen(
                command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
            assert watching.stdout is not None
            frames = read_until(watching.stdout, "submitted")
        with running("api", settings=settings):
            out, err = watching.communicate(timeout=20)
    frames += out.splitlines()
    assert [json.loads(frame)["seq"] for frame in frames] == [0, 1, 2, 3, 4, 5]
    assert watching.returncode == 0
    assert "connecting again after step 4 (afterSeq=4)" in err
    assert "Connected again." in err
