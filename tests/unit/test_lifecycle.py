"""What processes do as they start."""

import subprocess
import sys

SCRIPT = """
import resource
from entrypoints.lifecycle import prepare_process
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
prepare_process()
assert resource.getrlimit(resource.RLIMIT_NOFILE) in ((hard, hard), (256, hard))
print(resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 256 or hard <= 256 or sys.platform == "darwin")
"""


def test_a_process_may_open_as_many_files_as_it_is_allowed_at_all() -> None:
    ended = subprocess.run([sys.executable, "-c", f"import sys\n{SCRIPT}"], capture_output=True, text=True, check=True)
    assert ended.stdout == "True\n"
