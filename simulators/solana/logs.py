"""A transaction's log as it would read had the venues' programs run: the transfers are theirs, one level down."""

import re
from collections.abc import Iterator, Mapping, Sequence

from simulators.solana.swaps import Replaced

_STARTS = re.compile(r"Program \S+ invoke \[1\]\Z")
_LEVEL = re.compile(r"(Program \S+ invoke \[)([0-9]+)(\])\Z")


def as_sent(origins: Sequence[int], replaced: Mapping[int, Replaced], logs: Sequence[str]) -> tuple[str, ...]:
    """Return the log of what ran, with the stand-ins' lines put into the words of the programs that they stand for."""
    said: dict[int, list[list[str]]] = {}
    for origin, lines in zip(origins, _by_instruction(logs), strict=False):
        said.setdefault(origin, []).append(lines)
    return tuple(line for origin, parts in said.items() for line in _lines(replaced.get(origin), parts))


def _by_instruction(logs: Sequence[str]) -> Iterator[list[str]]:
    starts = [at for at, line in enumerate(logs) if _STARTS.match(line)]
    for number, start in enumerate(starts, 1):
        yield list(logs[start : starts[number] if number < len(starts) else len(logs)])


def _lines(stand_in: Replaced | None, parts: list[list[str]]) -> Iterator[str]:
    if stand_in is None:
        yield from parts[0]
    elif stand_in.code is not None:
        yield from stand_in.logs
    else:
        inner = [_LEVEL.sub(_one_level_down, line) for part in parts for line in part]
        _, failed, why = inner[-1].partition(" failed: ")
        yield from stand_in.logs[:1]
        yield from inner
        yield stand_in.logs[-1].replace(" success", f"{failed}{why}") if failed else stand_in.logs[-1]


def _one_level_down(found: re.Match[str]) -> str:
    return f"{found[1]}{int(found[2]) + 1}{found[3]}"
