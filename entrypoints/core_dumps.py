"""Keeps what a process holds in memory out of files that outlive it, and from others of its user."""

import ctypes
import resource
import sys

_PR_SET_DUMPABLE = 4  # linux/prctl.h


def keep_out_of_dumps() -> None:
    """Have this process leave no core dump; on Linux nor let its user's other processes read its memory or environment.

    A limit of 0 alone does not do where a program takes the dumps (`core_pattern` is a pipe). Debuggers and profilers
    cannot attach either, but root's.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_DUMPABLE)")
