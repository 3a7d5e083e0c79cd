"""Whose clock is wrong, and by how much: it follows from the seed. libfaketime makes it so, where it is installed."""

import random
from collections.abc import Mapping
from pathlib import Path

SKEWS = (-3600, -60, -15, -2, 0, 2, 15, 60, 3600)  # seconds


def installed() -> Path | None:
    """Return Debian's libfaketime, if it is there."""
    return next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))), None)


def skew(seed: int, name: str) -> int:
    """Draw by how many seconds a process's clock is ahead."""
    return random.Random(f"{seed}:clock of {name}").choice(SKEWS)  # noqa: S311


def clock_ahead(library: Path, skew: int) -> Mapping[str, str]:
    """Return the variables of a process whose clock is ahead; its monotonic clock, and so its waits, are right."""
    names = ("FAKETIME_DONT_FAKE_MONOTONIC", "DONT_FAKE_MONOTONIC")  # releases differ
    return {"LD_PRELOAD": str(library), "FAKETIME": f"{skew:+d}", **dict.fromkeys(names, "1")}
