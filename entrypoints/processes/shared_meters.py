"""The meters of several processes on one port, in a file that only they have: whichever is asked can add them all up.

The parent makes the file without a name, so that nothing is left behind however all of them end. Each child has a slot
in it, and so has the parent. A slot outlives its child: the next one counts on where it stopped.

A slot is a head of three numbers (the process's id, 0 when none runs; bytes of the list; cells in use), the list of its
series (JSON, a line each: name, labels, place, size), and their cells. Only its own process writes to a slot; a number
of 8 bytes is written at once, so that a reader sees the old one or the new one.
"""

import json
import mmap
import os
import tempfile
from collections.abc import Iterator, Mapping

from application.observe.meters import Labels, Reading

SLOT_BYTES = 512 * 1024
_HEAD_BYTES, _LIST_BYTES = 24, 128 * 1024
_CELLS_AT = _HEAD_BYTES + _LIST_BYTES
_CELLS = (SLOT_BYTES - _CELLS_AT) // 8
_PID, _LISTED, _USED = range(3)
# Where series go that found no more room: they are counted, and not shown.
_LOST_CELLS = 64


class MetersFile:
    """The file, as its parent sees it."""

    def __init__(self, slots: int) -> None:
        self.fd = _nameless_file()
        os.truncate(self.fd, slots * SLOT_BYTES)

    def close(self) -> None:
        """Let go of it."""
        os.close(self.fd)

    def arguments(self, slot: int) -> tuple[str, str]:
        """Return how a child finds its slot: the file's descriptor, which it inherits, and the slot."""
        return str(self.fd), str(slot)

    def vacate(self, slot: int) -> None:
        """Say that the process of a slot is gone: its gauges do not count any more."""
        os.pwrite(self.fd, bytes(8), slot * SLOT_BYTES)


def _nameless_file() -> int:
    # In memory where there is such a thing: a full disk would kill whoever writes to a new page of the mapping.
    if hasattr(os, "memfd_create"):
        return os.memfd_create("order-engine meters")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


class SharedMeters:
    """A `MeterStorage`: this process's slot of the file behind `fd`, and a view of the others."""

    def __init__(self, fd: int, slot: int) -> None:
        # Closed by the end of the process alone: its meters go on for as long as it lives.
        self._whole = memoryview(mmap.mmap(fd, os.fstat(fd).st_size))
        self._slots = [_Slot(self._whole[at : at + SLOT_BYTES]) for at in range(0, len(self._whole), SLOT_BYTES)]
        self._own = self._slots[slot]
        self._own.head[_PID] = os.getpid()
        self._placed = {(name, labels): (at, size) for name, labels, at, size in self._own.listed()}
        self.cells: memoryview[float] = self._own.cells

    def place(self, name: str, labels: Labels, size: int) -> int:
        """Return the place where the last process of this slot had the series, or else a new one."""
        at, known_size = self._placed.get((name, labels), (0, 0))
        if known_size != size:  # not there, or of a release with other bounds
            at = self._own.add(name, labels, size)
            self._placed[name, labels] = (at, size)
        return at

    def readings(self) -> Iterator[Reading]:
        """Read all slots."""
        for slot in self._slots:
            alive = slot.pid != 0
            for name, labels, at, size in slot.listed():
                yield Reading(name, labels, slot.cells[at : at + size].tolist(), alive)

    def processes(self) -> Mapping[str, int]:
        """Return the running processes' ids, by the number of their slot."""
        return {str(number): slot.pid for number, slot in enumerate(self._slots) if slot.pid}


class _Slot:
    def __init__(self, memory: memoryview) -> None:
        self.head: memoryview[float] = memory[:_HEAD_BYTES].cast("d")
        self.cells: memoryview[float] = memory[_CELLS_AT:].cast("d")
        self._list = memory[_HEAD_BYTES:_CELLS_AT]

    @property
    def pid(self) -> int:
        """The process's id; 0 when none runs."""
        return int(self.head[_PID])

    def listed(self) -> Iterator[tuple[str, Labels, int, int]]:
        """List the slot's series: name, labels, where their cells begin, how many there are."""
        for line in bytes(self._list[: int(self.head[_LISTED])]).splitlines():
            name, labels, at, size = json.loads(line)
            yield name, tuple(labels), at, size

    def add(self, name: str, labels: Labels, size: int) -> int:
        """Make room for a series and list it, in this order: who reads it meanwhile sees zeros."""
        at, end = int(self.head[_USED]), int(self.head[_LISTED])
        line = json.dumps([name, labels, at, size]).encode() + b"\n"
        if at + size > _CELLS - _LOST_CELLS or end + len(line) > _LIST_BYTES:
            return _CELLS - _LOST_CELLS
        self.head[_USED] = at + size
        self._list[end : end + len(line)] = line
        self.head[_LISTED] = end + len(line)
        return at
