"""The black-box checks of the wire contract, in memory and on real servers."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import running
from tests.servers import reachable_folder

CHECK = Path(__file__).with_name("check.py")


@pytest.fixture(scope="module", params=["memory", "servers"])
def engine(request: pytest.FixtureRequest) -> Iterator[str]:
    arguments = ["dev", "--memory"] if request.param == "memory" else ["dev"]
    with reachable_folder() as folder, running(*arguments, settings={"DATA_DIR": str(folder)}) as process:
        yield process.url


@pytest.mark.timeout(240)
def test_the_engine_keeps_the_contract(engine: str) -> None:
    command = [sys.executable, str(CHECK), engine]
    check = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    sys.stdout.write(check.stdout)
    assert check.returncode == 0, check.stdout + check.stderr
    assert " 0 failed" in check.stdout
