"""What a process with a key leaves behind when it crashes, and what others of its user see of it."""

import subprocess
import sys

import pytest

SCRIPT = """
import ctypes, os, resource
from entrypoints.core_dumps import keep_out_of_dumps
keep_out_of_dumps()
keep_out_of_dumps()
print(resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))
os.abort()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux'")
def test_a_process_that_crashes_leaves_no_core_and_nobody_else_reads_its_memory() -> None:
    ended = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert (ended.stdout, ended.returncode) == ("(0, 0) 0\n", -6)
