"""What the parts of a rig use of the machine, from /proc; all zero on systems without it."""

import os
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from attrs import frozen

LOAD = "load"  # the part that is not of the engine: this process and what it started besides
Parts = Mapping[str, Collection[int]]  # by name of the part, the process ids at the root of its trees

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Meter:
    """What each part used during the block, its ended children included; `rss_bytes` is as at the block's end.

    A part's CPU seconds are those of its roots that live at the end, and of all below them, however short their life.
    Memory that processes of one part share is counted once. `other_cores` is how many cores all other programs of the
    machine kept busy, on average: much of that, and the figures tell little. Use it as a context manager, once.
    """

    def __init__(self, parts: Callable[[], Parts]) -> None:
        self.seconds = 0.0
        self.cpu_seconds: dict[str, float] = {}
        self.rss_bytes: dict[str, int] = {}
        self.other_cores = 0.0
        self._parts = parts
        self._busy_before = 0.0
        self._since = 0.0
        self._before: dict[int, float] = {}

    def __enter__(self) -> Self:
        self._before = {pid: _cpu_seconds(tree) for pid, tree in _trees(self._parts()).items()}
        self._since = time.monotonic()
        self._busy_before = _busy_seconds()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.seconds = time.monotonic() - self._since
        busy = _busy_seconds() - self._busy_before
        parts = self._parts()
        trees = _trees(parts)
        for name, pids in parts.items():
            used = (_cpu_seconds(trees[pid]) - self._before.get(pid, 0.0) for pid in pids)
            self.cpu_seconds[name] = sum(used)
            self.rss_bytes[name] = _resident_bytes([process for pid in pids for process in trees[pid]])
        self.other_cores = max(0.0, busy - sum(self.cpu_seconds.values())) / self.seconds

    def cpu_seconds_per_1000(self, orders: int) -> dict[str, float]:
        """Return each part's CPU seconds per 1,000 of these orders."""
        return {name: 1000 * used / orders for name, used in self.cpu_seconds.items()} if orders else {}


def rss_bytes(pid: int) -> int:
    """Return the resident memory of one process; 0 when it is gone."""
    with suppress(OSError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_BYTES
    return 0


def _busy_seconds() -> float:
    """Return how many CPU seconds the machine has worked since it started, for whomever."""
    with suppress(OSError):
        # user, nice, system, idle, waiting for a disk, interrupts, soft interrupts, taken by other machines
        ticks = list(map(int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]))
        return (sum(ticks) - ticks[3] - ticks[4]) / _TICKS
    return 0.0


@frozen
class _Process:
    """`cpu_seconds` are its own and those of its ended children."""

    pid: int
    parent: int
    cpu_seconds: float


def _trees(parts: Parts) -> dict[int, list[_Process]]:
    """Return each root with all its descendants, except those that belong to another root."""
    processes = _all_processes()
    children: dict[int, list[_Process]] = {}
    for process in processes.values():
        children.setdefault(process.parent, []).append(process)
    roots = {pid for pids in parts.values() for pid in pids}
    trees: dict[int, list[_Process]] = {}
    for root in roots:
        tree = trees[root] = [processes[root]] if root in processes else []
        for member in tree:
            tree += (child for child in children.get(member.pid, ()) if child.pid not in roots)
    return trees


def _all_processes() -> dict[int, _Process]:
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ended meanwhile
            # After the name, which may hold anything: state, parent, and as the 12th to 15th own and children's ticks.
            fields = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()
            pid = int(folder.name)
            found[pid] = _Process(pid, int(fields[1]), sum(map(int, fields[11:15])) / _TICKS)
    return found


def _cpu_seconds(tree: Collection[_Process]) -> float:
    return sum(process.cpu_seconds for process in tree)


def _resident_bytes(processes: Collection[_Process]) -> int:
    if len(processes) == 1:
        return sum(rss_bytes(process.pid) for process in processes)
    return sum(_own_share_bytes(process.pid) for process in processes)


def _own_share_bytes(pid: int) -> int:
    """Return the resident memory of a process, what it shares with others divided by their number."""
    with suppress(OSError, StopIteration):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("Pss:")).split()[1]) * 1024
    return 0
