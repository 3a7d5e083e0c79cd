"""The black-box checks of the wire contract, in memory and on real servers."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.engine import running

CHECK = Path(__file__).with_name("check.py")


@pytest.fixture(scope="module", params=["memory", "servers"])
def engine(request: pytest.FixtureRequest, server_root: Path) -> Iterator[str]:
    arguments = ["dev", "--memory"] if request.param == "memory" else ["dev"]
    with running(*arguments, settings={"ORDER_ENGINE_DATA_DIR": str(server_root)}) as (url, _):
        yield url


@pytest.mark.timeout(240)
def test_the_engine_keeps_the_contract(engine: str) -> None:
    check = subprocess.run([sys.executable, str(CHECK), engine], capture_output=True, text=True, timeout=200, check=False)
    sys.stdout.write(check.stdout)
    assert check.returncode == 0, check.stdout + check.stderr
    assert " 0 failed" in check.stdout
