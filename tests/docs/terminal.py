"""Runs commands on a terminal of their own, and tells what is to be seen on it in the end."""

import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Mapping
from fcntl import ioctl
from pathlib import Path

from attrs import define, field, frozen

COLUMNS, ROWS = 100, 60
_PLAIN = "\x1b[0m"
_TOKENS = re.compile(
    r"\x1b\[(?P<args>[\d;?]*)(?P<order>[A-Za-z])|\x1b(?P<cursor>[78])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|(?P<char>(?s:.))"
)


@frozen
class Ended:
    """A command that has ended, and what stands on its terminal; `drawn` is the same with its colours."""

    code: int
    lines: list[str]
    drawn: list[str]


@frozen
class Shell:
    """Runs commands in a folder, one after another; what they export stays."""

    folder: Path
    environment: Mapping[str, str]
    state: Path

    def run(self, text: str, seconds: float = 30) -> Ended:
        """Run a command to its end. Raises AssertionError when that doesn't come in time."""
        script = f'. "$STATE"\n{text}\ncode=$?\nexport -p >"$STATE"\nexit $code'
        variables = {**self.environment, "STATE": str(self.state), "TERM": "xterm-256color", "PAGER": "cat"}
        self.state.touch()
        ours, theirs = pty.openpty()
        ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        with subprocess.Popen(
            ["bash", "-c", script],  # noqa: S607 - the one that the reader has
            cwd=self.folder, env=variables, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
        ) as process:  # fmt: skip
            os.close(theirs)
            try:
                raw = _read_all(ours, time.monotonic() + seconds)
            finally:
                _end(process)
                os.close(ours)
        screen = Screen()
        screen.write(raw.decode(errors="replace"))
        return Ended(process.returncode, screen.text(), screen.coloured())


@define
class Screen:
    """A terminal without a lower edge: as much of one as the commands here make use of."""

    _rows: list[list[tuple[str, str]]] = field(factory=lambda: [[]], init=False)  # of a style and a character
    _at: tuple[int, int] = field(default=(0, 0), init=False)
    _saved: tuple[int, int] = field(default=(0, 0), init=False)
    _style: str = field(default="", init=False)

    def write(self, raw: str) -> None:
        """Take what was written, and do what it says."""
        for token in _TOKENS.finditer(raw):
            if token["char"]:
                self._char(token["char"])
            elif token["order"]:
                self._obey(token["order"], token["args"])
            elif token["cursor"]:
                self._saved, self._at = (self._at, self._at) if token["cursor"] == "7" else (self._saved, self._saved)

    def text(self) -> list[str]:
        """Return what is to be seen."""
        return ["".join(char for _, char in row).rstrip() for row in self._rows]

    def coloured(self) -> list[str]:
        """Return it with its colours."""
        return ["".join(f"{style}{char}{_PLAIN}" for style, char in row) for row in self._rows]

    def _char(self, char: str) -> None:
        row, column = self._at
        if char == "\n":
            self._go(row + 1, column)
        elif char == "\r":
            self._at = (row, 0)
        else:
            cells = self._rows[row]
            cells.extend([("", " ")] * (column - len(cells)))
            cells[column : column + 1] = [(self._style, char)]
            self._at = (row, column + 1)

    def _obey(self, order: str, args: str) -> None:
        row, column = self._at
        match order:
            case "A":
                self._go(row - int(args or 1), column)
            case "B":
                self._go(row + int(args or 1), column)
            case "K":
                del self._rows[row][0 if args == "2" else column :]
            case "L":
                self._rows.insert(row, [])
            case "m":
                self._style = "" if args in ("", "0") else f"{self._style}\x1b[{args}m"

    def _go(self, row: int, column: int) -> None:
        self._at = (max(0, row), column)
        while len(self._rows) <= row:
            self._rows.append([])


def _read_all(terminal: int, deadline: float) -> bytes:
    read = b""
    while True:
        ready, _, _ = select.select([terminal], [], [], max(0.0, deadline - time.monotonic()))
        assert ready, f"it has not ended in time; so far:\n{read.decode(errors='replace')}"
        try:
            part = os.read(terminal, 65536)
        except OSError:  # how a terminal says that nobody is left on it
            return read
        if not part:
            return read
        read += part


def _end(process: "subprocess.Popen[bytes]") -> None:
    try:
        process.wait(1)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
