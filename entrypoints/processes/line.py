"""A child's end of the line to its parent."""

import os
import signal
import threading
from contextlib import suppress

_LINE = 0


def end_with_parent(end_seconds: float) -> None:
    """Watch from now on: when the parent is gone, also by kill -9, stop as on SIGTERM; by force after `end_seconds`.

    A thread does it, so that a child whose event loop hangs ends too.
    """

    def watch() -> None:
        with suppress(OSError):
            os.read(_LINE, 1)
        signal.setitimer(signal.ITIMER_REAL, end_seconds)  # nobody handles SIGALRM: it kills
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="end-with-parent", daemon=True).start()


def report_serving() -> None:
    """Report to the parent that this child serves."""
    with suppress(OSError):  # the parent is gone; `end_with_parent` sees that too
        os.write(_LINE, b".")
